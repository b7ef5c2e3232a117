// uses: Bytes JSON Configuration
import Configuration

// Properties: a text has a configuration or faults, never both or neither; and each fault says where and what.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzGatewayConfiguration(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    let report = GatewayConfiguration.read(Array(input), folder: "/etc/gatehouse")
    require((report.configuration == nil) != report.faults.isEmpty, "a configuration and faults, or neither")
    for fault in report.faults + report.warnings {
        require(fault.line >= 1 && fault.column >= 1 && !fault.problem.isEmpty, "a fault without place or text")
        require(!fault.description.isEmpty, "a fault without a description")
    }
    return 0
}
