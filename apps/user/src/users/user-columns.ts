/** Names under which the personal data of a user is sealed: part of the ciphertext, so they never change. */
export const userColumns = {
  email: 'users.email',
  displayName: 'users.display_name',
} as const;
