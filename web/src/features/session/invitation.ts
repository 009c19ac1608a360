/// The code in an invitation link: /?invite=…
export const invitation = () => new URLSearchParams(location.search).get('invite') ?? ''

/// An email address, a phone number, or a username.
export function whose(login: string): { email: string } | { phone: string } | { username: string } {
  if (login.includes('@')) return { email: login }
  return /^\+?[\d\s()-]{7,}$/.test(login) ? { phone: login } : { username: login }
}
