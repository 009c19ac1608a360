import { expect, test } from 'vitest'
import { formBytes } from './upload'

test('a form as bytes is what a browser would send of it', async () => {
  const form = new FormData()
  form.append('key', 'значение')
  form.append('file', new File([new Uint8Array([0, 13, 10, 255])], 'a"\r\n.bin'))
  const { type, bytes } = await formBytes(form)
  const boundary = /^multipart\/form-data; boundary=(\S+)$/.exec(type)![1]!
  const text = new TextDecoder('latin1').decode(bytes)
  const key = String.fromCharCode(...new TextEncoder().encode('значение'))
  expect(text.replaceAll(boundary, 'B').replaceAll('\r\n', '|')).toBe(
    `--B|Content-Disposition: form-data; name="key"||${key}|`
    + '--B|Content-Disposition: form-data; name="file"; filename="a%22%0D%0A.bin"|Content-Type: application/octet-stream||\0|ÿ|--B--|',
  )
})
