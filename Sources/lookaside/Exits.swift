import ArgumentParser
import Foundation
import LookasideServer

/// Reads a configuration, or says what is wrong with it and ends the process with status 2.
func loadConfiguration(_ path: String) throws -> Configuration {
    do {
        return try Configuration.load(path: path)
    } catch {
        say("\(error)")
        throw ExitCode(2)
    }
}

/// Runs a server, or says why it cannot start and ends the process with status 1.
func orExit(_ body: () async throws(StartError) -> Void) async throws {
    do {
        try await body()
    } catch {
        say("lookaside: \(error)")
        throw ExitCode(1)
    }
}

private func say(_ text: String) {
    FileHandle.standardError.write(Data("\(text)\n".utf8))
}
