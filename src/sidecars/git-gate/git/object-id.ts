/** Whether a text is an object's id, whole: SHA-1 or SHA-256, lower-case hexadecimal. */
export function isObjectId(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

/** Whether an id is git's word for "there is none": nothing but zeros. */
export function isNoObject(id: string): boolean {
  return /^0+$/.test(id);
}
