/// All path patterns of all hosts in one tree of segments.
///
/// How it works: a node is a place between two segments. Literal steps of *all* nodes lie in one open-addressed hash
/// table keyed by (node, segment), so a step costs one probe however many routes there are. At each node a literal is
/// tried before `*` and `*` before `**`; a dead end goes back to the last node with a choice, so a walk visits at most
/// the nodes whose patterns begin like the path. Recursion is as deep as the longest pattern, whatever a client sends.
struct RouteTrie: Sendable {
    private struct Node: Sendable {
        var anyOne: Int32 = -1
        var group: Int32 = -1
        var restGroup: Int32 = -1
    }

    private struct Step: Sendable {
        var hash: UInt64
        var parent: Int32
        var child: Int32 = -1
        var literalStart: Int32 = 0
        var literalEnd: Int32 = 0

        /// The places of its bytes among the literals.
        var literal: Range<Int> { Int(literalStart)..<Int(literalEnd) }
    }

    private var nodes: [Node] = []
    private var steps: [Step] = Array(repeating: Step(hash: 0, parent: -1), count: 16)
    private var stepCount = 0
    private var literals: [UInt8] = []

    // MARK: Building

    /// Adds the root for one host and returns its node.
    mutating func addRoot() -> Int32 { addNode() }

    /// Sets the group at the end of a pattern, or returns the one that is there.
    mutating func group(for pattern: RoutePattern, under root: Int32, orSet fresh: Int32) -> Int32 {
        var node = root
        for segment in pattern.segments {
            switch segment {
            case .literal(let bytes): node = child(of: node, literal: bytes)
            case .anyOne: node = anyOneChild(of: node)
            case .rest:
                if nodes[Int(node)].restGroup < 0 { nodes[Int(node)].restGroup = fresh }
                return nodes[Int(node)].restGroup
            }
        }
        if nodes[Int(node)].group < 0 { nodes[Int(node)].group = fresh }
        return nodes[Int(node)].group
    }

    private mutating func addNode() -> Int32 {
        nodes.append(Node())
        return Int32(nodes.count - 1)
    }

    private mutating func anyOneChild(of node: Int32) -> Int32 {
        if nodes[Int(node)].anyOne < 0 { nodes[Int(node)].anyOne = addNode() }
        return nodes[Int(node)].anyOne
    }

    private mutating func child(of node: Int32, literal: [UInt8]) -> Int32 {
        let hash = PathSegment.hash(of: literal)
        var slot = RouteTrie.slot(hash, node) & (steps.count - 1)
        while steps[slot].child >= 0 {
            let step = steps[slot]
            if step.hash == hash, step.parent == node, literals[step.literal].elementsEqual(literal) {
                return step.child
            }
            slot = (slot + 1) & (steps.count - 1)
        }
        let fresh = addNode()
        let start = Int32(literals.count)
        literals += literal
        steps[slot] = Step(
            hash: hash,
            parent: node,
            child: fresh,
            literalStart: start,
            literalEnd: Int32(literals.count)
        )
        stepCount += 1
        if stepCount * 2 > steps.count { growSteps() }
        return fresh
    }

    private mutating func growSteps() {
        let old = steps
        steps = Array(repeating: Step(hash: 0, parent: -1), count: old.count * 2)
        for step in old where step.child >= 0 {
            var slot = RouteTrie.slot(step.hash, step.parent) & (steps.count - 1)
            while steps[slot].child >= 0 { slot = (slot + 1) & (steps.count - 1) }
            steps[slot] = step
        }
    }

    // MARK: Matching

    /// The group of the most specific pattern under `root` that the path matches, or -1.
    func match(_ path: UnsafeRawBufferPointer, under root: Int32) -> Int32 {
        guard path.first == UInt8(ascii: "/") else { return -1 }
        return match(path, from: 1, at: root)
    }

    /// `offset` is where the next segment starts, or behind `path.count` when the path has ended.
    private func match(_ path: UnsafeRawBufferPointer, from offset: Int, at index: Int32) -> Int32 {
        let node = nodes[Int(index)]
        guard offset <= path.count else { return node.group >= 0 ? node.group : node.restGroup }
        let segment = PathSegment(in: path, at: offset)
        let literalChild = child(of: index, segment: segment, in: path)
        if literalChild >= 0 {
            let found = match(path, from: segment.end &+ 1, at: literalChild)
            if found >= 0 { return found }
        }
        if node.anyOne >= 0, !segment.isEmpty {
            let found = match(path, from: segment.end &+ 1, at: node.anyOne)
            if found >= 0 { return found }
        }
        return node.restGroup
    }

    private func child(of node: Int32, segment: PathSegment, in path: UnsafeRawBufferPointer) -> Int32 {
        let mask = steps.count &- 1
        var slot = RouteTrie.slot(segment.hash, node) & mask
        while steps[slot].child >= 0 {
            let step = steps[slot]
            if step.hash == segment.hash, step.parent == node, segment.matches(literals, step.literal, in: path) {
                return step.child
            }
            slot = (slot &+ 1) & mask
        }
        return -1
    }

    private static func slot(_ hash: UInt64, _ node: Int32) -> Int {
        let mixed = (hash ^ UInt64(UInt32(bitPattern: node)) &* 0x9e37_79b9_7f4a_7c15) &* 0xff51_afd7_ed55_8ccd
        return Int(truncatingIfNeeded: mixed >> 32)
    }
}
