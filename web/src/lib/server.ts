/// The origin of the server that a chat belongs to, for addresses which it answers relative to itself.
/// Empty for the page's own.

import { createContext } from 'react'

export const ServerContext = createContext('')
