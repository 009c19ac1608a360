/// The path below which the server is reached, such as `/chat`; empty if there is none.
export const root = () => location.pathname.replace(/\/docs(\/events)?\/?$/, '')
