/// Stops the fuzzer, which then keeps the input, if a property does not hold.
func require(_ holds: Bool, _ property: @autoclosure () -> String, line: Int = #line) {
    if !holds { fatalError("line \(line): \(property())") }
}

/// Places at which an input is cut in pieces, taken from the input itself so that a failure can be replayed.
struct Cuts {
    private var state: UInt64

    init(_ input: UnsafeRawBufferPointer) {
        state = 0x9E37_79B9_7F4A_7C15 &* UInt64(input.count &+ 1)
        for byte in input { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    }

    /// How many bytes the next piece has, if so many are left; seldom many.
    mutating func next(_ left: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let size =
            Int(truncatingIfNeeded: state >> 60) == 0 ? Int(truncatingIfNeeded: state >> 50 & 1023) : Int(state >> 61)
        return min(left, size + 1)
    }
}

/// A copy of bytes that ends where its memory ends, so that AddressSanitizer sees each read behind it.
func withExactCopy<Value>(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyMemory(from: bytes)
    return body(UnsafeRawBufferPointer(copy))
}
