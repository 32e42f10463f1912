internal import Discovery
internal import Logging

/// The login of one source: the token that its requests carry.
///
/// etcd's simple tokens end after some minutes without use and when a member restarts, so that a token is asked for when there is none,
/// and again when it was refused. The requests of a source come one after another: one login serves all that follow.
actor Authentication {
    private let username: String
    private let logger: Logger
    private var passwordFile: SecretFile
    private var state = State.unknown
    private var hasSaidNotEnabled = false

    private enum State {
        case unknown
        case token(String)
        /// The cluster asks nobody who he is.
        case notEnabled
    }

    /// Makes the login of a user; his password is not read before the first request.
    init(_ credentials: EtcdSource.Configuration.Credentials, logger: Logger) {
        self.username = credentials.username
        self.logger = logger
        self.passwordFile = SecretFile(path: credentials.passwordFile, kind: "password")
    }

    /// The token for a request; logs in when there is none.
    ///
    /// - Returns: `nil` when the cluster has authentication switched off.
    func token(at gateway: Gateway) async throws -> String? {
        switch state {
        case .token(let token): return token
        case .notEnabled: return nil
        case .unknown: break
        }
        do {
            let password = try passwordFile.read()
            let token = try await gateway.authenticate(username: username, password: password)
            state = .token(token)
            return token
        } catch let error as SecretFile.Unusable {
            throw gateway.error(.authenticate, error.description)
        } catch let error as GatewayError where error.saysNotEnabled {
            if !hasSaidNotEnabled {
                logger.warning(
                    "etcd has authentication switched off, going on without the username",
                    metadata: ["endpoint": "\(gateway.endpoint)"]
                )
            }
            hasSaidNotEnabled = true
            state = .notEnabled
            return nil
        } catch let error as GatewayError where error.saysWrongPassword {
            throw gateway.error(.authenticate, "etcd refused username \(username) or its password")
        } catch let error as GatewayError {
            throw gateway.failure(.authenticate, error)
        }
    }

    /// Forgets the token, which etcd refused.
    func discard() {
        state = .unknown
    }
}
