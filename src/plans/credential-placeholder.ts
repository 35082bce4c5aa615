/** Stands in the guest where a program wants a credential to start at all; egress puts the real one in its place. */
export const credentialPlaceholder = 'placeholder-for-bottle';
