/** What the contract record cannot say about this service: see docs/reference/service-contract.md. */
export const contractFixture = {
  settings: { CURSOR_SECRET: 'a-secret-of-this-run-only-0123456789' },
  operations: {
    publishPost: { publishes: ['blog.evt.post-published.v1'] },
    addComment: { publishes: ['blog.evt.comment-added.v1'] },
  },
  exceptions: { 'addComment/owner-only': 'anybody may comment on a post' },
};
