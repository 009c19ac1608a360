/// What the settings ask of the server and change there.

import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { absolute, ApiError, bytes, request } from '@/api/http'
import { keys } from '@/api/keys'
import { saveAddress, saveText } from '@/api/save'
import type { Account, AuditEntry, Blocked, ExportLink, GeneratedPassword, Imported, PersonalToken, ProfileChange, PushDelivery, PushKey, PushSubscription, Quota, RegistrationPolicy, RegistrationSetting, Report, Scope, ServerFindings, ServerStatus, Session, StorageUse, TokenWithSecret, UpdatedUser, User } from '@/api/types'
import { upload } from '@/api/upload'

const PAGE = 50

/// Changes a list on the server and asks for it again.
function useChange<Form>(method: 'POST' | 'PUT' | 'DELETE', path: (form: Form) => string, list: readonly unknown[]) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (form: Form, { client }) => request<undefined>(client, method, path(form)),
    onSuccess: () => cache.invalidateQueries({ queryKey: list }),
  })
}

export function useUpdateProfile(quiet = false) {
  const cache = useQueryClient()
  return useMutation({
    meta: { quiet },
    mutationFn: (change: ProfileChange, { client }) => request<User>(client, 'PUT', '/users/me', { body: change }),
    onSuccess: (me) => cache.setQueryData(keys.me, me),
  })
}

export function useSetAvatar() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: async (file: File, { client }) => {
      const attachment_id = await upload(client, file, file.name, file.type, { signal: new AbortController().signal, onProgress: () => undefined })
      return request<User>(client, 'PUT', '/users/me/avatar', { body: { attachment_id } })
    },
    onSuccess: (me) => cache.setQueryData(keys.me, me),
  })
}

export function useRemoveAvatar() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (_: void, { client }) => request<undefined>(client, 'DELETE', '/users/me/avatar'),
    onSuccess: () => cache.setQueryData<User>(keys.me, (me) => me && { ...me, avatar_url: null }),
  })
}

export const useChangePassword = () => useMutation({
  meta: { quiet: true },
  mutationFn: (body: { old_password: string; new_password: string; keep_tokens?: number[] }, { client }) =>
    request<undefined>(client, 'PUT', '/users/me/password', { body }),
})

/// What shows that an e-mail address is changed by the account's owner.
export type EmailProof = Pick<ProfileChange, 'password' | 'code' | 'email_code'>

/// Asks for another address, and with the code that was sent there, completes the change.
export function useChangeEmail() {
  const cache = useQueryClient()
  return useMutation({
    meta: { quiet: true },
    mutationFn: ({ email, password, code, email_code }: EmailProof & { email: string }, { client }) => request<UpdatedUser>(client, 'PUT', '/users/me', {
      body: {
        email,
        ...(password && { password }),
        ...(code && { code: digits(code) }),
        ...(email_code && { email_code: digits(email_code) }),
      },
    }),
    onSuccess: ({ pending_email: _, ...me }) => cache.setQueryData<User>(keys.me, me),
  })
}

const digits = (code: string) => code.replace(/\D/g, '')

export const useSessions = () => useQuery({
  queryKey: keys.sessions,
  queryFn: ({ signal, client }) => request<Session[]>(client, 'GET', '/sessions', { signal }),
})

export const useEndSession = () => useChange<string>('DELETE', (id) => `/sessions/${id}`, keys.sessions)
export const useEndOtherSessions = () => useChange<void>('DELETE', () => '/sessions', keys.sessions)

export const useTokens = () => useQuery({
  queryKey: keys.tokens,
  queryFn: ({ signal, client }) => request<PersonalToken[]>(client, 'GET', '/tokens', { signal }),
})

export function useCreateToken() {
  const cache = useQueryClient()
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: { name: string; scopes: Scope[]; expires_in_days?: number }, { client }) =>
      request<TokenWithSecret>(client, 'POST', '/tokens', { body }),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.tokens }),
  })
}

export const useRevokeToken = () => useChange<string>('DELETE', (id) => `/tokens/${id}`, keys.tokens)

export const useBlocked = () => useQuery({
  queryKey: keys.blocked,
  queryFn: ({ signal, client }) => request<Blocked[]>(client, 'GET', '/users/me/blocked', { signal }),
})

export const useUnblock = () => useChange<number>('DELETE', (id) => `/users/me/blocked/${id}`, keys.blocked)

export const useQuota = () => useQuery({
  queryKey: keys.quota,
  queryFn: ({ signal, client }) => request<Quota>(client, 'GET', '/users/me/quota', { signal }),
})

/// A link that downloads everything the user can read, valid for minutes.
export const useExport = () => useMutation({
  mutationFn: async (_: void, { client }) => {
    const { url } = await request<ExportLink>(client, 'POST', '/users/me/export')
    await saveAddress(absolute(client, url), 'besedka.zip')
  },
})

export function useImport() {
  const cache = useQueryClient()
  return useMutation({
    meta: { quiet: true },
    mutationFn: async ({ file, onProgress }: { file: File; onProgress: (share: number) => void }, { client }) => {
      const attachment_id = await upload(client, file, file.name, 'application/zip', { signal: new AbortController().signal, onProgress })
      return request<Imported>(client, 'POST', '/users/me/import', { body: { attachment_id } })
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.chats }),
  })
}

export const useDeactivate = () => useMutation({
  meta: { quiet: true },
  mutationFn: (password: string, { client }) => request<undefined>(client, 'POST', '/users/me/deactivate', { body: { password } }),
})

export const useDeleteAccount = () => useMutation({
  meta: { quiet: true },
  mutationFn: (body: { password: string; messages: 'keep' | 'delete' }, { client }) =>
    request<undefined>(client, 'POST', '/users/me/deletion', { body }),
})

/// The state of the server, for administrators.
export const useServerStatus = () => useQuery({
  queryKey: keys.status,
  queryFn: ({ signal, client }) => request<ServerStatus>(client, 'GET', '/admin/status', { signal }),
  staleTime: 0,
  refetchInterval: 30_000,
}).data

/// What is wrong with the server. Examined when asked for, and kept until it is asked for again.
export const useExamination = () => useQuery({
  queryKey: keys.doctor,
  queryFn: ({ signal, client }) => request<ServerFindings>(client, 'GET', '/admin/doctor', { signal }),
  enabled: false,
  retry: false,
  staleTime: Infinity,
})

/// Who uses the most storage.
export const useStorageUse = () => useQuery({
  queryKey: keys.storage,
  queryFn: ({ signal, client }) => request<StorageUse[]>(client, 'GET', '/admin/storage', { signal }),
  staleTime: 0,
})

/// The server's accounts, for administrators.
export const useAccounts = (q: string) => useInfiniteQuery({
  queryKey: keys.accounts(q),
  initialPageParam: undefined as number | undefined,
  queryFn: ({ signal, client, pageParam }) =>
    request<Account[]>(client, 'GET', '/admin/users', { query: { q: q || undefined, after_id: pageParam, limit: PAGE }, signal }),
  getNextPageParam: (last) => (last.length < PAGE ? undefined : last.at(-1)?.id),
  placeholderData: (before) => before,
})

/// By which browsers know the server's pushes; null where it sends none.
export const usePushKey = () => useQuery({
  queryKey: keys.pushKey,
  queryFn: async ({ signal, client }) => {
    try {
      return (await request<PushKey>(client, 'GET', '/push/key', { signal })).public_key
    } catch (error) {
      if (error instanceof ApiError && error.code === 'not_configured') return null
      throw error
    }
  },
})

/// The attempts to push notifications, for administrators.
export const usePushLog = () => useInfiniteQuery({
  queryKey: keys.pushLog,
  initialPageParam: undefined as number | undefined,
  queryFn: ({ signal, client, pageParam }) =>
    request<PushDelivery[]>(client, 'GET', '/admin/push-deliveries', { query: { before_id: pageParam, limit: PAGE }, signal }),
  getNextPageParam: (last) => (last.length < PAGE ? undefined : last.at(-1)?.id),
  staleTime: 0,
})

export const usePushDevices = () => useQuery({
  queryKey: keys.pushDevices,
  queryFn: ({ signal, client }) => request<PushSubscription[]>(client, 'GET', '/users/me/push-subscriptions', { signal }),
  staleTime: 0,
})

export const useRemovePushDevice = () => useChange<number>('DELETE', (id) => `/users/me/push-subscriptions/${id}`, keys.pushDevices)

const accounts = ['accounts'] as const
export const useDeactivateAccount = () => useChange<number>('POST', (id) => `/admin/users/${id}/deactivate`, accounts)
export const useReactivateAccount = () => useChange<number>('POST', (id) => `/admin/users/${id}/reactivate`, accounts)
export const useAppointAdmin = () => useChange<number>('PUT', (id) => `/admin/users/${id}/admin`, accounts)
export const useDismissAdmin = () => useChange<number>('DELETE', (id) => `/admin/users/${id}/admin`, accounts)

/// Who may register, for administrators.
export const useRegistrationSetting = () => useQuery({
  queryKey: keys.registration,
  queryFn: ({ signal, client }) => request<RegistrationSetting>(client, 'GET', '/admin/registration', { signal }),
}).data

export function useChooseRegistration() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (registration: RegistrationPolicy, { client }) => request<undefined>(client, 'PUT', '/admin/registration', { body: { registration } }),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.registration }),
  })
}

export function useAnnounce() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (text: string, { client }) => request<undefined>(client, 'PUT', '/admin/announcement', { body: { text } }),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.announcement }),
  })
}

export const useRemoveAnnouncement = () => useChange<void>('DELETE', () => '/admin/announcement', keys.announcement)

export const useSessionsOf = (user: number) => useQuery({
  queryKey: keys.sessionsOf(user),
  queryFn: ({ signal, client }) => request<Session[]>(client, 'GET', `/admin/users/${user}/sessions`, { signal }),
})

export const useEndSessionOf = (user: number) => useChange<number>('DELETE', (id) => `/admin/users/${user}/sessions/${id}`, keys.sessionsOf(user))
export const useEndSessionsOf = (user: number) => useChange<void>('DELETE', () => `/admin/users/${user}/sessions`, keys.sessionsOf(user))

export function useResetPasswordOf(user: number) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (_: void, { client }) => request<GeneratedPassword>(client, 'POST', `/admin/users/${user}/password`),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.sessionsOf(user) }),
  })
}

/// What users reported, for administrators.
export const useReports = (closed: boolean) => useInfiniteQuery({
  queryKey: keys.reports(closed),
  initialPageParam: undefined as number | undefined,
  queryFn: ({ signal, client, pageParam }) =>
    request<Report[]>(client, 'GET', '/admin/reports', { query: { closed: String(closed), before_id: pageParam, limit: PAGE }, signal }),
  getNextPageParam: (last) => (last.length < PAGE ? undefined : last.at(-1)?.id),
  staleTime: 0,
})

export function useCloseReport() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: ({ id, decision, note }: { id: number; decision: 'resolve' | 'dismiss'; note?: string }, { client }) =>
      request<undefined>(client, 'POST', `/admin/reports/${id}/${decision}`, { body: { note } }),
    onSuccess: () => Promise.all([
      cache.invalidateQueries({ queryKey: ['reports'] }),
      cache.invalidateQueries({ queryKey: keys.status }),
    ]),
  })
}

/// Who did what to the server, for administrators. An action that there is not finds nothing.
export const useAuditLog = (action: string) => useInfiniteQuery({
  queryKey: keys.audit(action),
  initialPageParam: undefined as number | undefined,
  queryFn: ({ signal, client, pageParam }) =>
    request<AuditEntry[]>(client, 'GET', '/admin/audit', { query: { action: action || undefined, before_id: pageParam, limit: PAGE }, signal }),
  getNextPageParam: (last) => (last.length < PAGE ? undefined : last.at(-1)?.id),
  staleTime: 0,
  retry: false,
})

export const useExportAuditLog = () => useMutation({
  mutationFn: async (format: 'csv' | 'jsonl', { client }) =>
    saveText(await bytes(client, `/admin/audit/export?format=${format}`), `besedka-audit.${format}`),
})
