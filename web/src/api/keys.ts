/// The keys of the query cache.
export const keys = {
  me: ['me'] as const,
  chats: ['chats'] as const,
  history: (chat: number) => ['history', chat] as const,
  members: (chat: number) => ['members', chat] as const,
  person: (id: number) => ['person', id] as const,
  search: (words: string) => ['search', words] as const,
  link: (attachment: string) => ['link', attachment] as const,
  blob: (attachment: string) => ['blob', attachment] as const,
  vote: (message: number) => ['vote', message] as const,
  typing: (chat: number) => ['typing', chat] as const,
  sessions: ['sessions'] as const,
  tokens: ['tokens'] as const,
  blocked: ['blocked'] as const,
  quota: ['quota'] as const,
  presence: (id: number) => ['presence', id] as const,
  accounts: (words: string) => ['accounts', words] as const,
}
