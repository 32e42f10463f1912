/// Takes the body of one request as it arrives, so that memory does not grow with it, and answers the request.
///
/// Confined to the worker thread of its connection. No call may take longer than a millisecond: the worker serves its other connections only between
/// the calls. After the last part either ``finish()`` or ``abandon()`` is called, once.
package protocol HTTPBodyReceiver: AnyObject {
    /// Takes from the beginning of what has arrived of the body and is not taken yet: never empty, and at most some 16 KiB.
    ///
    /// - Parameter part: lent for this call only.
    /// - Returns: how many bytes were taken, at least one. The rest comes again, when the other connections have had their turn.
    func receive(_ part: UnsafeRawBufferPointer) -> Int

    /// The body is complete: answers the request.
    func finish() -> HTTPReply

    /// The connection ended before the body did; there is no one to answer.
    func abandon()
}
