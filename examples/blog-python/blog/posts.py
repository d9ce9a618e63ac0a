"""Posts and comments: what one transaction does, and what readers see."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from .cursor import CursorCodec
from .database import Database, Row, Transaction
from .envelope import COMMENT_ADDED, POST_PUBLISHED, Event
from .ids import timestamp, uuid7
from .problems import CodedError, not_found
from .relay import add

Json = dict[str, Any]

_post = """SELECT p.id, p.author_id, a.member_since, p.title, p.text, p.comments, p.version, p.created_at
             FROM posts p LEFT JOIN authors a ON a.id = p.author_id"""
_comment = """SELECT c.id, c.post_id, c.author_id, a.member_since, c.text, c.created_at
                FROM comments c LEFT JOIN authors a ON a.id = c.author_id"""


class Stored:
    """A response as the idempotency table keeps it."""

    def __init__(self, status: int, headers: dict[str, str], body: Json, replayed: bool = False) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.replayed = replayed


def etag(version: int) -> str:
    return f'"{version}"'


def fingerprint(body: object) -> str:
    """Equal for equal JSON, whatever the order of its keys: SHA-256, hex."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def register_author(tx: Transaction, event: Event) -> None:
    """Handles user.evt.registered.v1. The inbox makes it happen once; the conflict is an older copy of the fact."""
    tx.execute(
        "INSERT INTO authors (id, member_since) VALUES (%s, %s) ON CONFLICT (id) DO NOTHING",
        (event.data["userId"], event.data["registeredAt"]),
    )


class Posts:
    """:param wake: called after a commit that has added messages: the relay publishes them."""

    def __init__(self, database: Database, cursor_secret: str, wake: Any) -> None:
        self._database = database
        self._wake = wake
        self._post_cursors = CursorCodec(cursor_secret, "blog.posts")
        self._comment_cursors = CursorCodec(cursor_secret, "blog.comments")

    def publish(self, author: str, key: str, body: Json) -> Stored:
        def work(tx: Transaction) -> Stored:
            post_id = uuid7()
            created = timestamp()
            tx.execute(
                "INSERT INTO posts (id, author_id, title, text, created_at) VALUES (%s, %s, %s, %s, %s)",
                (post_id, author, body["title"], body["text"], created),
            )
            post = _post_view(tx.execute(f"{_post} WHERE p.id = %s", (post_id,))[0])
            data = {"postId": post_id, "authorId": author, "title": post["title"], "publishedAt": created}
            add(tx, POST_PUBLISHED, post_id, data)
            return Stored(201, {"location": f"/v1/posts/{post_id}", "etag": etag(1)}, post)

        return self._once("publishPost", author, "POST /v1/posts", key, body, work)

    def add_comment(self, author: str, post_id: str, key: str, body: Json) -> Stored:
        def work(tx: Transaction) -> Stored:
            # The lock of the post puts its comments, their events and its version in one order.
            changed = tx.execute(
                "UPDATE posts SET comments = comments + 1, version = version + 1 WHERE id = %s RETURNING id", (post_id,)
            )
            if not changed:
                raise not_found(f"post {post_id}")
            comment_id = uuid7()
            created = timestamp()
            tx.execute(
                "INSERT INTO comments (id, post_id, author_id, text, created_at) VALUES (%s, %s, %s, %s, %s)",
                (comment_id, post_id, author, body["text"], created),
            )
            data = {"commentId": comment_id, "postId": post_id, "authorId": author, "addedAt": created}
            add(tx, COMMENT_ADDED, post_id, data)
            return Stored(201, {}, _comment_view(tx.execute(f"{_comment} WHERE c.id = %s", (comment_id,))[0]))

        return self._once("addComment", author, f"POST /v1/posts/{post_id}/comments", key, body, work)

    def find(self, post_id: str) -> Json:
        rows = self._database.run("getPost", lambda tx: tx.execute(f"{_post} WHERE p.id = %s", (post_id,)))
        if not rows:
            raise not_found(f"post {post_id}")
        return _post_view(rows[0])

    def list(self, limit: int, cursor: str | None) -> Json:
        """Newest first. :param limit: 1 to 100."""
        after = None if cursor is None else self._post_cursors.decode(cursor, 2)
        # One row more than asked for only shows that there is another page.
        sql = f"{_post} {'' if after is None else 'WHERE (p.created_at, p.id) < (%s::timestamptz, %s::uuid)'}"
        values = (*(after or ()), limit + 1)
        rows = self._database.run(
            "listPosts",
            lambda tx: tx.execute(f"{sql} ORDER BY p.created_at DESC, p.id DESC LIMIT %s", values),
        )
        return _page(rows, limit, self._post_cursors, _post_view)

    def comments_of(self, post_id: str, limit: int, cursor: str | None) -> Json:
        """Oldest first."""
        after = None if cursor is None else self._comment_cursors.decode(cursor, 3)
        if after is not None and after[0] != post_id:
            # A cursor of another post's comments is a cursor of another list.
            self._comment_cursors.decode("", 3)

        def work(tx: Transaction) -> list[Row]:
            if not tx.execute("SELECT 1 AS one FROM posts WHERE id = %s", (post_id,)):
                raise not_found(f"post {post_id}")
            later = "" if after is None else "AND (c.created_at, c.id) > (%s::timestamptz, %s::uuid)"
            return tx.execute(
                f"{_comment} WHERE c.post_id = %s {later} ORDER BY c.created_at, c.id LIMIT %s",
                (post_id, *(after or [])[1:], limit + 1),
            )

        rows = self._database.run("listComments", work)
        return _page(rows, limit, self._comment_cursors, _comment_view, post_id)

    def remove(self, author: str, post_id: str, versions: list[int] | None) -> None:
        """:param versions: those that the change may be based on; None: any."""

        def work(tx: Transaction) -> None:
            rows = tx.execute("SELECT version FROM posts WHERE id = %s AND author_id = %s FOR UPDATE", (post_id, author))
            if not rows:
                raise not_found(f"post {post_id}")
            if versions is not None and rows[0]["version"] not in versions:
                raise CodedError(
                    "VERSION_STALE",
                    f"post {post_id} has changed since it was read",
                    "Read the resource again, apply the change to it, and send its new ETag in If-Match.",
                )
            tx.execute("DELETE FROM posts WHERE id = %s", (post_id,))

        self._database.run("removePost", work)

    def _once(self, name: str, subject: str, route: str, key: str, body: Json, work: Any) -> Stored:
        """Carries out a POST once for each Idempotency-Key: its answer is stored in the transaction that does it."""
        printed = fingerprint(body)

        def run(tx: Transaction) -> Stored:
            began = tx.execute("SELECT * FROM causeway.begin_idempotent(%s, %s, %s, %s)", (subject, route, key, printed))[0]
            if began["outcome"] == "in_flight":
                raise CodedError(
                    "IDEMPOTENCY_KEY_IN_FLIGHT",
                    "a request with this Idempotency-Key is being processed",
                    "Wait for the response to the first request, or send this one again a little later with the same key.",
                    retry_after=1,
                )
            if began["outcome"] == "reused":
                raise CodedError(
                    "IDEMPOTENCY_KEY_REUSED",
                    "this Idempotency-Key was used with another request",
                    "Use a new Idempotency-Key for a new request, and repeat a request with exactly the same body.",
                )
            if began["outcome"] == "replay":
                return Stored(began["status"], began["headers"], began["body"], replayed=True)
            stored: Stored = work(tx)
            body = json.dumps(stored.body)
            rows = tx.execute(
                "SELECT causeway.complete_idempotent(%s, %s, %s, %s, %s, %s, %s), %s::jsonb AS body",
                (subject, route, key, printed, stored.status, json.dumps(stored.headers), body, body),
            )
            # jsonb has an order of its own for keys; the first answer has it, too, so that a repetition is equal in bytes.
            stored.body = rows[0]["body"]
            tx.after_commit.append(self._wake)
            return stored

        return self._database.run(name, run)


def _author(row: Row) -> Json:
    since = row["member_since"]
    return {"id": str(row["author_id"]), "memberSince": None if since is None else timestamp(since)}


def _post_view(row: Row) -> Json:
    return {
        "id": str(row["id"]),
        "author": _author(row),
        "title": row["title"],
        "text": row["text"],
        "comments": row["comments"],
        "version": row["version"],
        "createdAt": timestamp(row["created_at"]),
    }


def _comment_view(row: Row) -> Json:
    return {
        "id": str(row["id"]),
        "postId": str(row["post_id"]),
        "author": _author(row),
        "text": row["text"],
        "createdAt": timestamp(row["created_at"]),
    }


def _page(rows: list[Row], limit: int, codec: CursorCodec, view: Any, *of: str) -> Json:
    items = [view(row) for row in rows[:limit]]
    more = len(rows) > limit
    return {
        "items": items,
        "nextCursor": codec.encode([*of, items[-1]["createdAt"], items[-1]["id"]]) if more else None,
    }
