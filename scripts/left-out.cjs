// Stands in the bundle for packages that dockerode loads and bottle never uses: an ssh client (ssh:// engines are
// refused by name), gRPC and protobuf (BuildKit sessions). They cost each start some 100 ms.
module.exports = {};
