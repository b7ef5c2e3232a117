import Foundation
import GRDB

extension Database {
    /// Runs a statement, prepared once; returns how many rows it changed.
    @discardableResult
    func run(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws -> Int {
        try cachedStatement(sql: sql).execute(arguments: arguments)
        return changesCount
    }

    /// The first row of a query, prepared once, decoded.
    func first<Value>(
        _ sql: String,
        _ arguments: StatementArguments = StatementArguments(),
        _ decode: (Row) throws -> Value
    ) throws -> Value? {
        let rows = try Row.fetchCursor(try cachedStatement(sql: sql), arguments: arguments)
        guard let row = try rows.next() else { return nil }
        return try decode(row)
    }

    /// All rows of a query, prepared once, decoded.
    func all<Value>(
        _ sql: String,
        _ arguments: StatementArguments = StatementArguments(),
        _ decode: (Row) throws -> Value
    ) throws -> [Value] {
        let rows = try Row.fetchCursor(try cachedStatement(sql: sql), arguments: arguments)
        var values: [Value] = []
        while let row = try rows.next() { values.append(try decode(row)) }
        return values
    }
}

extension Row {
    /// A text that is stored as a blob.
    func text(_ index: Int) -> String {
        optionalText(index) ?? ""
    }

    func optionalText(_ index: Int) -> String? {
        withBytes(index) { String(decoding: $0, as: UTF8.self) }
    }

    func bytes(_ index: Int) -> [UInt8]? {
        withBytes(index) { Array($0) }
    }

    func list(_ index: Int) -> [String] {
        withBytes(index, TextList.decoded) ?? []
    }

    func integer(_ index: Int) -> Int64 {
        self[index] ?? 0
    }

    func flag(_ index: Int) -> Bool {
        integer(index) != 0
    }

    private func withBytes<Value>(_ index: Int, _ body: (UnsafeRawBufferPointer) -> Value) -> Value? {
        // It throws where the body does, and for a value that cannot be bytes; no table has any in such a column.
        (try? withUnsafeData(atIndex: index) { data in data.map { $0.withUnsafeBytes(body) } }) ?? nil
    }
}

extension String {
    /// The text as it is stored: compared byte by byte, whatever is in it.
    var blob: Data { Data(utf8) }
}
