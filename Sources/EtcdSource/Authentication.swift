internal import FoundationEssentials
internal import Logging

/// The login of one source: the token that its requests carry.
///
/// etcd's simple tokens end after some minutes without use and when a member restarts, so that a token is asked for when there is none,
/// and again when it was refused. The requests of a source come one after another: one login serves all that follow.
actor Authentication {
    private let username: String
    private let passwordFile: String
    private let logger: Logger
    private var state = State.unknown
    /// The last one that could be read: a file that is being replaced may be missing for a moment.
    private var password: String?
    private var hasSaidNotEnabled = false

    private enum State {
        case unknown
        case token(String)
        /// The cluster asks nobody who he is.
        case notEnabled
    }

    /// Makes the login of a user whose password is in a file; nothing is read before the first request.
    init(username: String, passwordFile: String, logger: Logger) {
        self.username = username
        self.passwordFile = passwordFile
        self.logger = logger
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
        let password = try readPassword(for: gateway)
        do {
            let token = try await gateway.authenticate(username: username, password: password)
            state = .token(token)
            return token
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

    private func readPassword(for gateway: Gateway) throws -> String {
        do {
            var text = try String(contentsOfFile: passwordFile, encoding: .utf8)
            // What editors and `echo` add is not part of a password.
            while text.last?.isNewline == true { text.removeLast() }
            guard !text.isEmpty else { throw CocoaError(.fileReadCorruptFile) }
            password = text
            return text
        } catch {
            if let password { return password }
            throw gateway.error(.authenticate, "the password file \(passwordFile) is empty or cannot be read")
        }
    }
}
