/** A host key as `ssh-keyscan` prints it without the host: whole, of a server that there is none of. */
export const hostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBNdSL/ZGKxA0jOIDiCvYjaSR9EfN0QvKDuW0pV96KJm';
