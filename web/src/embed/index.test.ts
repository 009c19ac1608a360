// @vitest-environment node
import { expect, test } from 'vitest'

// Everything is loaded, which takes a busy machine a while.
test('the package has every name of the chat feature that it stands for, and can be loaded without a window', async () => {
  expect(typeof window).toBe('undefined')
  const found = await import('./index')
  for (const name of ['ChatContainer', 'ChatMessages', 'ChatSelect', 'useWebSocket', 'useConversations', 'useConversation', 'useMessages', 'useSendMessage',
    'useEditMessage', 'useDeleteMessage', 'useCreateConversation', 'useDeleteConversation', 'getConversations', 'getConversation', 'createConversation',
    'deleteConversation', 'getMessages', 'sendMessage', 'editMessage', 'deleteMessage', 'addParticipant', 'removeParticipant', 'getCurrentUserId'] as const) {
    expect(typeof found[name], name).toBe('function')
  }
}, 120_000)
