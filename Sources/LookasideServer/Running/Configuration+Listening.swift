extension Configuration {
    /// The same configuration with another address to listen on, as the command line gives it.
    ///
    /// - Throws: ``StartError`` that says what an address looks like.
    package func listening(on text: String) throws(StartError) -> Configuration {
        guard let listen = Listen(text) else { throw StartError("found \"\(text)\", expected \(Listen.expected)") }
        var changed = self
        changed.listen = listen
        return changed
    }
}
