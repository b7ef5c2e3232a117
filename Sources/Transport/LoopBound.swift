/// A value that belongs to one event loop, in a box that may travel.
///
/// SAFETY: `@unchecked Sendable`, since every access checks that it is on the loop.
package struct LoopBound<Value>: @unchecked Sendable {
    package let loop: EventLoop
    private let stored: Value

    /// Boxes a value; to be called on the loop or before the loop knows of the value.
    package init(_ value: Value, on loop: EventLoop) {
        stored = value
        self.loop = loop
    }

    /// The value; traps off the loop, which no peer can cause.
    package var value: Value {
        loop.preconditionInLoop()
        return stored
    }

    /// Runs the work with the value on its loop, from any thread.
    package func execute(_ work: @escaping @Sendable (Value) -> Void) {
        loop.execute { work(value) }
    }
}
