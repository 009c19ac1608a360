/// Opens a person's card from wherever a person is shown; the app provides it.

import { createContext, useContext } from 'react'

export const PersonContext = createContext<((id: number) => void) | null>(null)

/// Null where there is no card to open.
export const useOpenPerson = () => useContext(PersonContext)
