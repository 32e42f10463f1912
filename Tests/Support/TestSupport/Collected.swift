internal import Synchronization

/// What threads or callbacks give, for a test to look at.
package final class Collected<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    /// Makes a collection of nothing.
    package init() {}

    /// Everything so far, in its order.
    package var all: [Element] { elements.withLock { $0 } }

    /// Adds an element.
    package func append(_ element: Element) {
        elements.withLock { $0.append(element) }
    }

    /// Takes everything out.
    package func take() -> [Element] {
        elements.withLock { elements in
            defer { elements = [] }
            return elements
        }
    }
}
