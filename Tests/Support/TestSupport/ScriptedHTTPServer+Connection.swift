import Glibc
import Synchronization

extension ScriptedHTTPServer {
    /// One accepted connection, for its script's thread.
    package final class Connection: Sendable {
        private struct State {
            /// Nil once closed.
            var descriptor: CInt?
            /// Received, but not part of a request yet.
            var received: [UInt8] = []
        }

        /// 0 for the server's first connection, and so on.
        package let index: Int

        private let state: Mutex<State>

        init(descriptor: CInt, index: Int) {
            self.index = index
            state = Mutex(State(descriptor: descriptor))
            var timeout = timeval(tv_sec: 20, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
            setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
            var yes: CInt = 1
            setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<CInt>.size))
        }

        deinit {
            close()
        }

        // MARK: Receiving

        /// Reads one request with its body, as far as `Content-Length` says; throws when the client ends the connection first.
        package func receiveRequest() throws -> Request {
            while true {
                if let request = state.withLock({ Request(consuming: &$0.received) }) {
                    return request
                }
                guard try receiveMore() else { throw Failure(call: "recv", number: 0) }
            }
        }

        /// Waits until the client has closed or reset the connection, and drops what it still sends.
        package func waitForClose() throws {
            do {
                while try receiveMore() {}
            } catch let failure as Failure where failure.number == ECONNRESET {
                return
            }
        }

        /// Whether the client has ended or reset the connection; does not wait.
        package var isClosedByClient: Bool {
            guard let descriptor = state.withLock({ $0.descriptor }) else { return true }
            var byte: UInt8 = 0
            let count = recv(descriptor, &byte, 1, CInt(MSG_PEEK | MSG_DONTWAIT))
            return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)
        }

        /// Reads some bytes; false at the end.
        private func receiveMore() throws -> Bool {
            let descriptor = try openDescriptor()
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count >= 0 else { throw Failure(call: "recv", number: errno) }
            state.withLock { $0.received.append(contentsOf: buffer.prefix(count)) }
            return count > 0
        }

        // MARK: Sending

        /// Sends exactly these bytes, in one write where the system allows.
        package func send(_ bytes: some Sequence<UInt8>) throws {
            let bytes = Array(bytes)
            var sent = 0
            while sent < bytes.count {
                sent += try write(bytes[sent...], flags: 0)
            }
        }

        /// Sends exactly this text; lines end in `\r\n` only where it says so.
        package func send(_ text: String) throws {
            try send(text.utf8)
        }

        /// Sends a whole answer with `Content-Length`.
        package func respond(status: Int = 200, headers: [(name: String, value: String)] = [], body: String = "") throws {
            try respond(status: status, headers: headers, body: Array(body.utf8))
        }

        /// Sends a whole answer with `Content-Length`.
        package func respond(status: Int = 200, headers: [(name: String, value: String)] = [], body: [UInt8]) throws {
            try sendHead(status: status, headers: headers + [("Content-Length", "\(body.count)")])
            try send(body)
        }

        /// Sends a status line and header fields: without framing of the script's own, the body lasts until the connection closes.
        package func sendHead(status: Int = 200, headers: [(name: String, value: String)] = []) throws {
            try send("HTTP/1.1 \(status) Scripted\r\n" + headers.map { "\($0): \($1)\r\n" }.joined() + "\r\n")
        }

        /// Sends the head of an answer in chunks.
        package func beginChunks(status: Int = 200, headers: [(name: String, value: String)] = []) throws {
            try sendHead(status: status, headers: headers + [("Transfer-Encoding", "chunked")])
        }

        /// Sends one chunk, not empty.
        package func sendChunk(_ bytes: [UInt8]) throws {
            try send(Self.chunk(bytes))
        }

        /// Sends one chunk, not empty.
        package func sendChunk(_ text: String) throws {
            try sendChunk(Array(text.utf8))
        }

        /// Sends the empty chunk that completes the body.
        package func endChunks() throws {
            try send("0\r\n\r\n")
        }

        /// A chunk as it goes over the wire, for scripts that send it in pieces.
        package static func chunk(_ bytes: [UInt8]) -> [UInt8] {
            Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + Array("\r\n".utf8)
        }

        /// Sends until all is sent or the client takes nothing for so long, and gives the number of bytes that the system took.
        package func sendUntilStalled(_ bytes: [UInt8], milliseconds: Int) throws -> Int {
            let descriptor = try openDescriptor()
            var sent = 0
            while sent < bytes.count {
                var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                guard poll(&wanted, 1, CInt(milliseconds)) > 0 else { break }
                sent += try write(bytes[sent..<min(bytes.count, sent + 64 << 10)], flags: CInt(MSG_DONTWAIT))
            }
            return sent
        }

        private func write(_ bytes: ArraySlice<UInt8>, flags: CInt) throws -> Int {
            let descriptor = try openDescriptor()
            let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags | CInt(MSG_NOSIGNAL)) }
            if count < 0, flags & CInt(MSG_DONTWAIT) != 0, errno == EAGAIN {
                return 0
            }
            guard count >= 0 else { throw Failure(call: "send", number: errno) }
            return count
        }

        // MARK: Ending

        /// Closes the connection in order: the client reads what was sent, then the end.
        package func close() {
            let descriptor = state.withLock { state in
                defer { state.descriptor = nil }
                return state.descriptor
            }
            if let descriptor {
                Glibc.close(descriptor)
            }
        }

        /// Breaks the connection off: the client gets a reset, and may lose what it has not read.
        package func reset() throws {
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(try openDescriptor(), SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
            close()
        }

        /// Wakes the script's thread wherever it reads or writes, from another thread.
        func abort() {
            state.withLock { state in
                _ = state.descriptor.map { shutdown($0, CInt(SHUT_RDWR)) }
            }
        }

        private func openDescriptor() throws -> CInt {
            guard let descriptor = state.withLock({ $0.descriptor }) else { throw Failure(call: "connection closed", number: 0) }
            return descriptor
        }
    }
}
