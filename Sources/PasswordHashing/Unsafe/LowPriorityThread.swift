import Glibc

/// A thread that the system runs when others leave it the processor.
enum LowPriorityThread {
    private final class Body {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a thread that ends with its body.
    ///
    /// Where the system has no thread to give, this traps: nobody could sign in.
    static func start(_ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        // SAFETY: the thread takes over the reference that is retained here.
        let context = Unmanaged.passRetained(Body(body)).toOpaque()
        var thread = pthread_t()
        let code = pthread_create(&thread, &attributes, Self.main, context)
        guard code == 0 else { preconditionFailure("no thread for hashing passwords: error \(code)") }
    }

    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
        // On Linux this is about the calling thread only, and so is what a thread that it starts begins with.
        _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, LowPriorityThread.niceness)
        guard let context else { return nil }
        Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        return nil
    }

    // A thirtieth of the weight of others: proxied requests hardly notice, and on a machine that has nothing to spare people
    // still get in, one or two a second.
    private static let niceness: Int32 = 15
}
