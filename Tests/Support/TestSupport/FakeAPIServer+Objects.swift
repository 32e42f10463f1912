extension FakeAPIServer {
    /// An EndpointSlice or an Endpoints, without its version, which the server gives it.
    package struct Object: Sendable, Equatable {
        /// The name in paths: `endpointslices`, `endpoints`.
        package var resource: String
        package var namespace: String
        package var name: String
        /// What its uid begins with.
        package var uid: String
        package var labels: [String: String]
        /// The fields beside the metadata, as JSON without braces.
        package var fields: String

        /// Makes an object.
        package init(_ resource: String, namespace: String = "lab", name: String, uid: String? = nil, labels: [String: String] = [:], fields: String)
        {
            self.resource = resource
            self.namespace = namespace
            self.name = name
            self.uid = uid ?? "uid-of-\(name)"
            self.labels = labels
            self.fields = fields
        }

        /// Makes a slice.
        package static func slice(
            _ name: String,
            of service: String,
            namespace: String = "lab",
            type: String = "IPv4",
            port: Int = 80,
            labels: [String: String] = [:],
            _ endpoints: [Endpoint]
        ) -> Object {
            let ports = #"[{"name":"http","protocol":"TCP","port":\#(port)}]"#
            let list = endpoints.map(\.json).joined(separator: ",")
            return Object(
                "endpointslices",
                namespace: namespace,
                name: name,
                labels: labels.merging(["kubernetes.io/service-name": service]) { $1 },
                fields: #""addressType":"\#(type)","endpoints":[\#(list)],"ports":\#(endpoints.isEmpty ? "null" : ports)"#
            )
        }

        /// Makes an Endpoints with one port.
        package static func endpoints(_ name: String, namespace: String = "lab", port: Int = 80, ready: [String], notReady: [String] = []) -> Object {
            func list(_ addresses: [String]) -> String { addresses.map { #"{"ip":"\#($0)"}"# }.joined(separator: ",") }
            let subset = #"{"addresses":[\#(list(ready))],"notReadyAddresses":[\#(list(notReady))],"ports":[{"port":\#(port),"protocol":"TCP"}]}"#
            let fields = ready.isEmpty && notReady.isEmpty ? "" : #""subsets":[\#(subset)]"#
            return Object("endpoints", namespace: namespace, name: name, fields: fields)
        }

        /// What the server keeps it under.
        var key: String { "\(resource)/\(namespace)/\(name)" }

        /// The object as a list has it, or with its kind as a watch has it.
        func json(version: Int, withKind: Bool) -> String {
            let labelList = labels.sorted { $0.key < $1.key }.map { #""\#($0.key)":"\#($0.value)""# }.joined(separator: ",")
            let metadata =
                #""metadata":{"name":"\#(name)","namespace":"\#(namespace)","uid":"\#(uid)","resourceVersion":"\#(version)","labels":{\#(labelList)},"#
                + #""managedFields":[{"manager":"test","operation":"Update","fieldsType":"FieldsV1","fieldsV1":{"f:endpoints":{}}}]}"#
            let kind = withKind ? FakeAPIServer.kindFields(of: resource) + "," : ""
            return "{\(kind)\(metadata)\(fields.isEmpty ? "" : ",\(fields)")}"
        }
    }

    /// One endpoint of a slice; a condition that is `nil` is left out.
    package struct Endpoint: Sendable, Equatable {
        package var address: String
        package var ready: Bool?
        package var serving: Bool?
        package var terminating: Bool?
        package var uid: String?
        package var node: String?
        package var zone: String?

        /// Makes an endpoint, without conditions, which is ready.
        package init(
            _ address: String,
            ready: Bool? = nil,
            serving: Bool? = nil,
            terminating: Bool? = nil,
            uid: String? = nil,
            node: String? = nil,
            zone: String? = nil
        ) {
            self.address = address
            self.ready = ready
            self.serving = serving
            self.terminating = terminating
            self.uid = uid
            self.node = node
            self.zone = zone
        }

        var json: String {
            let conditions = [("ready", ready), ("serving", serving), ("terminating", terminating)].compactMap { name, value in
                value.map { #""\#(name)":\#($0)"# }
            }
            let fields = [
                #""addresses":["\#(address)"]"#, #""conditions":{\#(conditions.joined(separator: ","))}"#,
                uid.map { #""targetRef":{"kind":"Pod","uid":"\#($0)"}"# }, node.map { #""nodeName":"\#($0)""# }, zone.map { #""zone":"\#($0)""# },
            ]
            return "{\(fields.compactMap { $0 }.joined(separator: ","))}"
        }
    }

    static func kindFields(of resource: String, isList: Bool = false) -> String {
        let (kind, version) = resource == "endpoints" ? ("Endpoints", "v1") : ("EndpointSlice", "discovery.k8s.io/v1")
        return #""kind":"\#(kind)\#(isList ? "List" : "")","apiVersion":"\#(version)""#
    }
}
