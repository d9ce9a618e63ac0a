-- When authors registered, from user.evt.registered.v1. A row may come after the author's first post, or never.
CREATE TABLE authors (
  id           uuid           PRIMARY KEY,
  member_since timestamptz(3) NOT NULL
);

CREATE TABLE posts (
  id         uuid           PRIMARY KEY,
  author_id  uuid           NOT NULL,
  title      varchar(200)   NOT NULL,
  text       varchar(20000) NOT NULL,
  comments   integer        NOT NULL DEFAULT 0,
  version    integer        NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL
);
-- Newest first; the id makes the order total.
CREATE INDEX posts_newest ON posts (created_at DESC, id DESC);

CREATE TABLE comments (
  id         uuid           PRIMARY KEY,
  post_id    uuid           NOT NULL REFERENCES posts ON DELETE CASCADE,
  author_id  uuid           NOT NULL,
  text       varchar(2000)  NOT NULL,
  created_at timestamptz(3) NOT NULL
);
CREATE INDEX comments_of_post ON comments (post_id, created_at, id);
