extension PageAssets {
    /// The sign: a wall with an open gate.
    package static let mark: StaticString = #"""
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32" role="img" aria-label="Gatehouse">
          <rect width="32" height="32" rx="8" fill="#17718f"/>
          <path fill="#fff" d="M6 7.5A1.5 1.5 0 0 1 7.5 6H10a1 1 0 0 1 1 1v2.5h2.5V7a1 1 0 0 1 1-1h3a1 1 0 0 1 1 1v2.5H21V7a1 1 0 0 1 1-1h2.5A1.5 1.5 0 0 1 26 7.5V26h-5v-7a5 5 0 0 0-10 0v7H6z"/>
        </svg>

        """#
}
