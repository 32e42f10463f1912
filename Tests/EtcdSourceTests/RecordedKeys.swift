@testable import EtcdSource

/// What etcd 3.4.23 sent to a watch of `/q/p/` that began at index 3, and what lists showed meanwhile.
///
/// A key set, created, updated and swapped; a directory in the place of a key, and deleted; a key and a directory that expire; keys and
/// directories deleted, the prefix's own too, which is told twice, and the one above. Between them others wrote elsewhere.
enum RecordedKeys {
    static let head = KeysHead(clusterID: "db293d258fb340f0", index: 3, raftTerm: 2)

    static let lines = [
        #"{"action":"set","node":{"key":"/q/p/web/10.0.0.1:80","value":"{\"weight\":5}","modifiedIndex":4,"createdIndex""#
            + #":4}}"#,
        #"{"action":"create","node":{"key":"/q/p/web/10.0.0.2:80","value":"","modifiedIndex":6,"createdIndex":6}}"#,
        #"{"action":"update","node":{"key":"/q/p/web/10.0.0.1:80","value":"{\"weight\":6,\"zone\":\"ä\u003c\"}","modifie"#
            + #"dIndex":8,"createdIndex":4},"prevNode":{"key":"/q/p/web/10.0.0.1:80","value":"{\"weight\":5}","modifiedIndex":"#
            + #"4,"createdIndex":4}}"#,
        #"{"action":"compareAndSwap","node":{"key":"/q/p/web/10.0.0.2:80","value":"not JSON","modifiedIndex":10,"created"#
            + #"Index":6},"prevNode":{"key":"/q/p/web/10.0.0.2:80","value":"","modifiedIndex":6,"createdIndex":6}}"#,
        #"{"action":"set","node":{"key":"/q/p/api/10.0.0.3:80","value":"{}","modifiedIndex":12,"createdIndex":12}}"#,
        #"{"action":"set","node":{"key":"/q/p/api/10.0.0.3:80","dir":true,"modifiedIndex":14,"createdIndex":14},"prevNod"#
            + #"e":{"key":"/q/p/api/10.0.0.3:80","value":"{}","modifiedIndex":12,"createdIndex":12}}"#,
        #"{"action":"delete","node":{"key":"/q/p/api/10.0.0.3:80","dir":true,"modifiedIndex":16,"createdIndex":14},"prev"#
            + #"Node":{"key":"/q/p/api/10.0.0.3:80","dir":true,"modifiedIndex":14,"createdIndex":14}}"#,
        #"{"action":"set","node":{"key":"/q/p/api/[::1]:80","value":"{}","expiration":"2026-11-25T14:00:28.787224895Z",""#
            + #"ttl":1,"modifiedIndex":18,"createdIndex":18}}"#,
        #"{"action":"expire","node":{"key":"/q/p/api/[::1]:80","modifiedIndex":20,"createdIndex":18},"prevNode":{"key":""#
            + #"/q/p/api/[::1]:80","value":"{}","expiration":"2026-11-25T14:00:28.787224895Z","modifiedIndex":18,"createdIndex"#
            + #"":18}}"#,
        #"{"action":"update","node":{"key":"/q/p/api","dir":true,"expiration":"2026-11-25T14:00:30.035511203Z","ttl":1,""#
            + #"modifiedIndex":22,"createdIndex":12},"prevNode":{"key":"/q/p/api","dir":true,"modifiedIndex":12,"createdIndex""#
            + #":12}}"#,
        #"{"action":"set","node":{"key":"/q/p/api/10.0.0.3:80","value":"{\"weight\":\"x\"}","modifiedIndex":24,"createdI"#
            + #"ndex":24}}"#,
        #"{"action":"expire","node":{"key":"/q/p/api","dir":true,"modifiedIndex":26,"createdIndex":12},"prevNode":{"key""#
            + #":"/q/p/api","dir":true,"expiration":"2026-11-25T14:00:30.035511203Z","modifiedIndex":12,"createdIndex":12}}"#,
        #"{"action":"compareAndDelete","node":{"key":"/q/p/web/10.0.0.2:80","modifiedIndex":30,"createdIndex":6},"prevNo"#
            + #"de":{"key":"/q/p/web/10.0.0.2:80","value":"not JSON","modifiedIndex":10,"createdIndex":6}}"#,
        #"{"action":"delete","node":{"key":"/q/p/web/10.0.0.1:80","modifiedIndex":32,"createdIndex":4},"prevNode":{"key""#
            + #":"/q/p/web/10.0.0.1:80","value":"{\"weight\":6,\"zone\":\"ä\u003c\"}","modifiedIndex":8,"createdIndex":4}}"#,
        #"{"action":"set","node":{"key":"/q/p/web/10.0.0.4:80","value":"{\"weight\":4}","modifiedIndex":34,"createdIndex"#
            + #"":34}}"#,
        #"{"action":"delete","node":{"key":"/q/p/web","dir":true,"modifiedIndex":36,"createdIndex":4},"prevNode":{"key":"#
            + #""/q/p/web","dir":true,"modifiedIndex":4,"createdIndex":4}}"#,
        #"{"action":"set","node":{"key":"/q/p/api/10.0.0.5:80","value":"{\"weight\":5}","modifiedIndex":38,"createdIndex"#
            + #"":38}}"#,
        #"{"action":"delete","node":{"key":"/q/p","dir":true,"modifiedIndex":40,"createdIndex":4},"prevNode":{"key":"/q/"#
            + #"p","dir":true,"modifiedIndex":4,"createdIndex":4}}"#,
        #"{"action":"delete","node":{"key":"/q/p","dir":true,"modifiedIndex":40,"createdIndex":4},"prevNode":{"key":"/q/"#
            + #"p","dir":true,"modifiedIndex":4,"createdIndex":4}}"#,
        #"{"action":"set","node":{"key":"/q/p/web/10.0.0.6:80","value":"{\"weight\":6}","modifiedIndex":42,"createdIndex"#
            + #"":42}}"#,
        #"{"action":"delete","node":{"key":"/q","dir":true,"modifiedIndex":44,"createdIndex":4},"prevNode":{"key":"/q",""#
            + #"dir":true,"modifiedIndex":4,"createdIndex":4}}"#,
        #"{"action":"set","node":{"key":"/q/p/web/10.0.0.7:80","value":"{\"weight\":7}","modifiedIndex":46,"createdIndex"#
            + #"":46}}"#,
    ]

    /// The bodies of lists, and the index at which each was read.
    static let lists: [(index: UInt64, body: String)] = [
        (
            3,
            #"{"errorCode":100,"message":"Key not found","cause":"/q","index":3}"#
        ),
        (
            9,
            #"{"action":"get","node":{"key":"/q/p","dir":true,"nodes":[{"key":"/q/p/web","dir":true,"nodes":[{"key":"/q/p/we"#
                + #"b/10.0.0.1:80","value":"{\"weight\":6,\"zone\":\"ä\u003c\"}","modifiedIndex":8,"createdIndex":4},{"key":"/q/p/"#
                + #"web/10.0.0.2:80","value":"","modifiedIndex":6,"createdIndex":6}],"modifiedIndex":4,"createdIndex":4}],"modifie"#
                + #"dIndex":4,"createdIndex":4}}"#
        ),
        (
            15,
            #"{"action":"get","node":{"key":"/q/p","dir":true,"nodes":[{"key":"/q/p/web","dir":true,"nodes":[{"key":"/q/p/we"#
                + #"b/10.0.0.1:80","value":"{\"weight\":6,\"zone\":\"ä\u003c\"}","modifiedIndex":8,"createdIndex":4},{"key":"/q/p/"#
                + #"web/10.0.0.2:80","value":"not JSON","modifiedIndex":10,"createdIndex":6}],"modifiedIndex":4,"createdIndex":4},"#
                + #"{"key":"/q/p/api","dir":true,"nodes":[{"key":"/q/p/api/10.0.0.3:80","dir":true,"modifiedIndex":14,"createdInde"#
                + #"x":14}],"modifiedIndex":12,"createdIndex":12}],"modifiedIndex":4,"createdIndex":4}}"#
        ),
        (
            25,
            #"{"action":"get","node":{"key":"/q/p","dir":true,"nodes":[{"key":"/q/p/web","dir":true,"nodes":[{"key":"/q/p/we"#
                + #"b/10.0.0.1:80","value":"{\"weight\":6,\"zone\":\"ä\u003c\"}","modifiedIndex":8,"createdIndex":4},{"key":"/q/p/"#
                + #"web/10.0.0.2:80","value":"not JSON","modifiedIndex":10,"createdIndex":6}],"modifiedIndex":4,"createdIndex":4},"#
                + #"{"key":"/q/p/api","dir":true,"expiration":"2026-11-25T14:00:30.035511203Z","ttl":1,"nodes":[{"key":"/q/p/api/1"#
                + #"0.0.0.3:80","value":"{\"weight\":\"x\"}","modifiedIndex":24,"createdIndex":24}],"modifiedIndex":12,"createdInd"#
                + #"ex":12}],"modifiedIndex":4,"createdIndex":4}}"#
        ),
        (
            31,
            #"{"action":"get","node":{"key":"/q/p","dir":true,"nodes":[{"key":"/q/p/web","dir":true,"nodes":[{"key":"/q/p/we"#
                + #"b/10.0.0.1:80","value":"{\"weight\":6,\"zone\":\"ä\u003c\"}","modifiedIndex":8,"createdIndex":4}],"modifiedInd"#
                + #"ex":4,"createdIndex":4}],"modifiedIndex":4,"createdIndex":4}}"#
        ),
        (
            37,
            #"{"action":"get","node":{"key":"/q/p","dir":true,"modifiedIndex":4,"createdIndex":4}}"#
        ),
        (
            41,
            #"{"errorCode":100,"message":"Key not found","cause":"/q/p","index":41}"#
        ),
        (
            47,
            #"{"action":"get","node":{"key":"/q/p","dir":true,"nodes":[{"key":"/q/p/web","dir":true,"nodes":[{"key":"/q/p/we"#
                + #"b/10.0.0.7:80","value":"{\"weight\":7}","modifiedIndex":46,"createdIndex":46}],"modifiedIndex":46,"createdInde"#
                + #"x":46}],"modifiedIndex":46,"createdIndex":46}}"#
        ),
    ]
}
