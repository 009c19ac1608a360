/// What belongs to an object, made when it is first asked for and gone with the object: state of one connection
/// that several chats on one page must not share.
export function perKey<Key extends object, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new WeakMap<Key, Value>()
  return (key) => {
    if (!made.has(key)) made.set(key, make(key))
    return made.get(key)!
  }
}
