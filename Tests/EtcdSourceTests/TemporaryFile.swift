import Foundation

/// Runs the body with a file of this content, which is gone afterwards.
func withTemporaryFile<Answer>(_ content: String, _ body: (URL) async throws -> Answer) async throws -> Answer {
    let file = FileManager.default.temporaryDirectory.appending(path: "lookaside-test-\(UUID().uuidString)")
    try Data(content.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try await body(file)
}
