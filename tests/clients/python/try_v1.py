"""Uses the generated Python client of v1 against the server that BESEDKA_URL names."""

import io
import os
import uuid

from besedka_v1 import AuthenticatedClient, Client
from besedka_v1.api.attachments import announce_attachment, attachment_info, upload_file
from besedka_v1.api.auth import register
from besedka_v1.api.chats import create_chat
from besedka_v1.api.messages import edit_message, message, messages, react, send_message
from besedka_v1.api.sync import sync
from besedka_v1.api.users import me
from besedka_v1.models import CreateMessage, MessageChange, MessageType, NewAttachment, NewChat, Problem, Register
from besedka_v1.models import UploadFileBody
from besedka_v1.types import File

BASE = os.environ["BESEDKA_URL"] + "/api/v1"


def key() -> str:
    return str(uuid.uuid4())


def person(name: str) -> tuple[AuthenticatedClient, int]:
    new = Register(username=name, password="password123", display_name=name)
    registered = register.sync(client=Client(base_url=BASE), body=new, idempotency_key=key())
    assert not isinstance(registered, Problem), registered
    return AuthenticatedClient(base_url=BASE, token=registered.tokens.access_token), registered.user.id


def refused(answer, status: int, code: str) -> Problem:
    assert answer.status_code == status, answer
    assert isinstance(answer.parsed, Problem) and answer.parsed.code == code, answer.parsed
    assert answer.parsed.detail
    return answer.parsed


anna, anna_id = person(f"anna-{uuid.uuid4().hex[:8]}")
boris, boris_id = person(f"boris-{uuid.uuid4().hex[:8]}")
assert me.sync(client=anna).id == anna_id

cursor = sync.sync(client=boris).cursor
new = NewChat(title="Garden", is_group=True, member_ids=[boris_id])
chat = create_chat.sync(client=anna, body=new, idempotency_key=key())
assert chat.title == "Garden", chat

again = key()
hello = CreateMessage(chat_id=chat.id, content="hello")
posted = send_message.sync_detailed(client=anna, body=hello, idempotency_key=again)
assert posted.status_code == 201 and posted.parsed.content == "hello", posted
said = posted.parsed
assert said.reactions == [] and said.attachments == [], said

repeated = refused(send_message.sync_detailed(client=anna, body=hello, idempotency_key=again), 409, "duplicate_request")
assert repeated.original.status == 201, repeated
refused(message.sync_detailed(1, client=anna), 404, "not_found")
empty = CreateMessage(chat_id=chat.id, content="")
assert refused(send_message.sync_detailed(client=anna, body=empty, idempotency_key=key()), 400, "invalid").detail.startswith("content")

edited = edit_message.sync(said.id, client=anna, body=MessageChange(content="hello, all"), idempotency_key=key())
assert edited.content == "hello, all" and edited.edited_at, edited
liked = react.sync(said.id, "👍", client=boris, idempotency_key=key())
assert [(one.emoji, one.count) for one in liked.reactions] == [("👍", 1)], liked

data = b"written by hand"
form = announce_attachment.sync(
    client=anna,
    body=NewAttachment(filename="note.txt", content_type="text/plain", size=len(data)),
    idempotency_key=key(),
)
fields = form.fields.to_dict()
body = UploadFileBody(
    key=fields.pop("key"),
    content_type=fields.pop("Content-Type"),
    x_amz_signature=fields.pop("X-Amz-Signature"),
    file=File(payload=io.BytesIO(data), file_name="note.txt", mime_type="text/plain"),
)
body.additional_properties = fields
assert upload_file.sync_detailed(client=Client(base_url=BASE), body=body).status_code == 204
info = attachment_info.sync(form.attachment_id, client=anna)
assert info.size == len(data), info
note = CreateMessage.from_dict({"chat_id": chat.id, "type": "file", "payload": {"attachment_id": str(form.attachment_id)}})
sent = send_message.sync(client=anna, body=note, idempotency_key=key())
assert sent.type_ == MessageType.FILE, sent

listed = messages.sync(client=boris, chat_id=chat.id)
assert [one.id for one in listed][:2] == [sent.id, said.id], listed
page = sync.sync(client=boris, cursor=cursor)
names = [event.event for event in page.events]
assert "message.created" in [str(name) for name in names], names
print("python: all is as it should be")
