/// A chat's settings, roles, bans and invitations.

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { changeChat } from '@/api/events'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import { upload } from '@/api/upload'
import type { Ban, Chat, ChatRetention, ChatSettings, Invite, Member, Role } from '@/api/types'

export interface ChatChange {
  title?: string
  description?: string
  read_only?: boolean
  message_life?: number | null
  assistant?: boolean
}

export function useChangeChat(chat: number) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (form: ChatChange, { client }) => request<Chat>(client, 'PATCH', `/chats/${chat}`, { body: form }),
    onSuccess: (changed, form) => changeChat(cache, chat, (one) => ({
      ...one,
      ...Object.fromEntries(Object.keys(form).map((name) => [name, changed[name as keyof Chat]])),
    })),
  })
}

/// For how many days the server keeps messages of a chat; null for ever.
export const useDaysKept = (chat: number) => useQuery({
  queryKey: keys.retentionOf(chat),
  queryFn: ({ signal, client }) => request<ChatRetention>(client, 'GET', `/chats/${chat}/retention`, { signal }),
  staleTime: 60_000,
}).data?.message_days ?? null

export interface SettingsChange {
  muted_until?: string | null
  pinned?: boolean
  archived?: boolean
  notify?: Chat['notify']
}

/// The user's own settings of a chat.
export function useChangeSettings(chat: number) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (form: SettingsChange, { client }) => request<ChatSettings>(client, 'PATCH', `/chats/${chat}/settings`, { body: form }),
    onSuccess: ({ chat_id: _, ...settings }) => changeChat(cache, chat, (one) => ({ ...one, ...settings })),
  })
}

export function useSetAvatar(chat: number) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: async (file: File | null, { client }) => {
      if (!file) {
        await request(client, 'DELETE', `/chats/${chat}/avatar`)
        return null
      }
      const attachment_id = await upload(client, file, file.name, file.type, { signal: new AbortController().signal, onProgress: () => undefined })
      return (await request<Chat>(client, 'PUT', `/chats/${chat}/avatar`, { body: { attachment_id } })).avatar_url ?? null
    },
    onSuccess: (avatar_url) => changeChat(cache, chat, (one) => ({ ...one, avatar_url })),
  })
}

export function useSetRole(chat: number) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: ({ user, role }: { user: number; role: Role }, { client }) => request<Member>(client, 'PATCH', `/chats/${chat}/members/${user}`, { body: { role } }),
    // Handing a group over changes two roles.
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: keys.members(chat) })
      void cache.invalidateQueries({ queryKey: keys.chats })
    },
  })
}

export const useBans = (chat: number, enabled: boolean) => useQuery({
  queryKey: keys.bans(chat),
  queryFn: ({ signal, client }) => request<Ban[]>(client, 'GET', `/chats/${chat}/bans`, { signal }),
  enabled,
  staleTime: 0,
}).data

export function useBan(chat: number) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: ({ user, on }: { user: number; on: boolean }, { client }) => (on
      ? request(client, 'POST', `/chats/${chat}/bans`, { body: { user_id: user } })
      : request(client, 'DELETE', `/chats/${chat}/bans/${user}`)),
    onSuccess: (_, { user, on }) => {
      void cache.invalidateQueries({ queryKey: keys.bans(chat) })
      if (on) cache.setQueryData<Member[]>(keys.members(chat), (members) => members?.filter((one) => one.user.id !== user))
    },
  })
}

export const useInvites = (chat: number) => useQuery({
  queryKey: keys.invites(chat),
  queryFn: ({ signal, client }) => request<Invite[]>(client, 'GET', `/chats/${chat}/invites`, { signal }),
  staleTime: 0,
}).data

/// The code with which people join a group: a new one, or none.
export function useJoinCode(chat: number) {
  const cache = useQueryClient()
  const keep = (code: string | null) => changeChat(cache, chat, (one) => ({ ...one, code }))
  const renew = useMutation({ mutationFn: (_: void, { client }) => request<Chat>(client, 'POST', `/chats/${chat}/code`), onSuccess: ({ code }) => keep(code ?? null) })
  const remove = useMutation({ mutationFn: (_: void, { client }) => request(client, 'DELETE', `/chats/${chat}/code`), onSuccess: () => keep(null) })
  return { renew, remove }
}

export function useInviting(chat: number) {
  const cache = useQueryClient()
  const refetch = () => cache.invalidateQueries({ queryKey: keys.invites(chat) })
  const create = useMutation({
    mutationFn: (form: { expires_in_seconds?: number; max_uses?: number }, { client }) => request<Invite>(client, 'POST', `/chats/${chat}/invites`, { body: form }),
    onSuccess: refetch,
  })
  const revoke = useMutation({ mutationFn: (id: number, { client }) => request(client, 'DELETE', `/chats/${chat}/invites/${id}`), onSuccess: refetch })
  return { create, revoke }
}
