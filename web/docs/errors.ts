/// What each `code` of an error means, and what to do.

export const errors: [code: string, status: string, meaning: string][] = [
  ['invalid', '400', 'A value is missing or wrong. `detail` begins with the name of the field.'],
  ['wrong_code', '400', 'The sign-in code is wrong, expired or used up. Ask for a new one.'],
  ['wrong_password', '401', 'The login or the password is wrong.'],
  ['unauthorized', '401', 'The token is missing, invalid or expired. Renew it with `POST /auth/refresh`.'],
  ['session_ended', '401', 'The session was signed out or revoked. Sign in again.'],
  ['deactivated', '403', 'The account is deactivated. An administrator can reactivate it.'],
  ['forbidden', '403', 'The caller may see this but not do it, for example post in a read-only channel.'],
  ['insufficient_scope', '403', 'The personal access token lacks the scope that `detail` names.'],
  ['registration_closed', '403', 'This server takes no new accounts.'],
  ['not_found', '404', 'It does not exist, or the caller cannot see it.'],
  ['taken', '400', 'The e-mail address, username or similar belongs to somebody else.'],
  ['method_not_allowed', '405', 'The path exists, but not with this method.'],
  ['conflict', '409', 'The state does not allow this now, for example closing a closed poll.'],
  ['duplicate_request', '409', 'This Idempotency-Key was used already. `original` is what the first request was answered.'],
  ['key_reused', '409', 'This Idempotency-Key was used for a different request. Take a new one.'],
  ['too_large', '413', 'The body or file is larger than this server allows.'],
  ['unsupported_media_type', '415', 'The body is not of the type that the operation takes, usually JSON.'],
  ['too_many_requests', '429', 'Too many requests. Wait as many seconds as the header `Retry-After` says.'],
  ['daily_limit', '429', 'The daily limit, such as questions to the assistant, is used up.'],
  ['internal', '500', 'A fault of the server. `X-Request-Id` finds it in the log.'],
  ['bad_gateway', '502', 'A service that the server depends on, such as the language model, failed.'],
  ['busy', '503', 'The server has too much to do, or the database was locked. Repeat with the same key.'],
  ['files_unavailable', '503', 'The storage for files cannot be reached.'],
  ['not_configured', '503', 'The administrator has not set this up, for example e-mail for sign-in codes.'],
  ['storage_full', '507', 'The server has no room for files.'],
  ['quota_exceeded', '413', 'The caller has no room left for files; see `GET /users/me/quota`.'],
]

/// Fills the table of the page; words in backquotes become code.
export function showErrors(table: HTMLTableElement): void {
  const body = table.createTBody()
  for (const [code, status, meaning] of errors) {
    const row = body.insertRow()
    row.id = `error-${code}`
    row.insertCell().append(coded(code))
    row.insertCell().textContent = status
    const cell = row.insertCell()
    for (const [index, part] of meaning.split('`').entries()) cell.append(index % 2 ? coded(part) : part)
  }
}

function coded(text: string): HTMLElement {
  const code = document.createElement('code')
  code.textContent = text
  return code
}
