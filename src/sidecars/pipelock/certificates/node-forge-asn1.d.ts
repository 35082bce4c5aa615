/** node-forge's ASN.1 part alone: the whole package takes megabytes that the bundle does not have. */
declare module 'node-forge/lib/asn1.js' {
  import { asn1 } from 'node-forge';
  export default asn1;
}
