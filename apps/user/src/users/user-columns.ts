/** Column names bound into the ciphertext of a user's personal data. They must never change. */
export const userColumns = {
  email: 'users.email',
  displayName: 'users.display_name',
} as const;
