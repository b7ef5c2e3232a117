extension DemoClient {
    /// The whole way as a program goes it, with curl in place of program and browser; for bash.
    ///
    /// - Parameter url: What to call with the tokens.
    func script(_ accounts: DemoAccounts, calling url: String) -> String {
        let ticked = scopes.map { "--data-urlencode " + ShellText.quoted("scope=" + $0) }.joined(separator: " ")
        let asked = ShellText.quoted("scope=" + scopes.joined(separator: " "))
        return """
            bash <<'TOUR'
            set -euo pipefail
            base=\(base) api=\(url)
            client=\(id) callback=\(redirectURI)
            verifier=\(codeVerifier) challenge=\(codeChallenge)
            cookies=$(mktemp); trap 'rm -f "$cookies"' EXIT
            ask() { curl -sS \(trust)-b "$cookies" -c "$cookies" "$@"; }
            field() { sed -n 's/.*name="'"$1"'" value="\\([^"]*\\)".*/\\1/p' <<<"$page" | head -n 1; }
            member() { sed -n 's/.*"'"$1"'": *"\\([^"]*\\)".*/\\1/p' <<<"$answer"; }
            call() { ask -o /dev/null -w "$1: %{http_code}\\n" -H "Authorization: Bearer $token" "$api"; }

            # 1. The program sends the browser to the gateway, which asks who is there.
            page=$(ask -G "$base/authorize" -d response_type=code -d client_id="$client" -d redirect_uri="$callback" \\
              -d state=tour --data-urlencode \(asked) -d code_challenge="$challenge" -d code_challenge_method=S256)
            # 2. \(accounts.userName) signs in.
            page=$(ask -L "$base/login" -d action=sign-in -d csrf="$(field csrf)" -d request="$(field request)" \\
              -d username=\(accounts.userName) -d password=\(accounts.password))
            # 3. The gateway asks what to allow: everything. It sends the browser back to the program with a code.
            page=$(ask -L "$base/consent" -d decision=allow -d csrf="$(field csrf)" -d request="$(field request)" \\
              \(ticked))
            code=$(grep -o 'code=[A-Za-z0-9_-]*' <<<"$page" | head -n 1); code=${code#code=}
            # 4. The program turns the code into tokens, and calls the API.
            answer=$(ask "$base/token" -d grant_type=authorization_code -d client_id="$client" -d redirect_uri="$callback" \\
              -d code="$code" -d code_verifier="$verifier")
            token=$(member access_token) refresh=$(member refresh_token)
            call "with the access token"
            # 5. An access token is good for minutes. The refresh token gets the next one, and is used up by that.
            answer=$(ask "$base/token" -d grant_type=refresh_token -d client_id="$client" -d refresh_token="$refresh")
            token=$(member access_token) refresh=$(member refresh_token)
            call "with the next one"
            # 6. Revoking the refresh token ends the grant with all of its tokens, at once.
            ask "$base/revoke" -d client_id="$client" -d token="$refresh"
            call "after that was revoked"
            TOUR
            """
    }
}
