//! What members may do, by their role and the kind of chat.

use super::ChatKind;

/// A member's standing in a chat. Of a private chat both are members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Member,
    Admin,
    Owner,
}

/// Something that not every member may do in every chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Say something.
    Post,
    /// Say something in a chat that is read-only.
    PostWhereReadOnly,
    /// Say how long what is said stays.
    SetMessageLife,
    /// Say whether the assistant may be asked there.
    SwitchAssistant,
    /// Pin a message for everybody.
    Pin,
    /// Manage the chat at all: what the other rights of moderators have in common.
    Moderate,
    /// Delete what others said, for everybody.
    DeleteOthers,
    /// Change title, description, avatar and whether the chat is read-only.
    Edit,
    AddMembers,
    /// Make and revoke invitations and the short code.
    Invite,
    /// Take out somebody of a lower role.
    Remove,
    /// Keep somebody of a lower role out for good.
    Ban,
    /// Say who is an admin.
    ChangeRoles,
    /// Make somebody else the owner.
    Transfer,
    /// Take the chat away from everybody.
    DeleteChat,
}

impl Right {
    pub const ALL: [Self; 15] = [
        Self::Post,
        Self::PostWhereReadOnly,
        Self::SetMessageLife,
        Self::SwitchAssistant,
        Self::Pin,
        Self::Moderate,
        Self::DeleteOthers,
        Self::Edit,
        Self::AddMembers,
        Self::Invite,
        Self::Remove,
        Self::Ban,
        Self::ChangeRoles,
        Self::Transfer,
        Self::DeleteChat,
    ];

    /// The right that posting needs.
    pub fn posting(is_read_only: bool) -> Self {
        if is_read_only { Self::PostWhereReadOnly } else { Self::Post }
    }

    /// The lowest role that has it; nothing where nobody has.
    pub fn least(self, kind: ChatKind) -> Option<Role> {
        const NOBODY: Option<Role> = None;
        const OWNER: Option<Role> = Some(Role::Owner);
        const ADMIN: Option<Role> = Some(Role::Admin);
        const MEMBER: Option<Role> = Some(Role::Member);
        #[rustfmt::skip]
        let [private, group, channel, saved] = match self {
            //                         private group   channel saved
            Self::Post              => [MEMBER, MEMBER, MEMBER, MEMBER],
            Self::PostWhereReadOnly => [NOBODY, ADMIN,  ADMIN,  NOBODY],
            Self::SetMessageLife    => [MEMBER, ADMIN,  ADMIN,  MEMBER],
            Self::SwitchAssistant   => [MEMBER, ADMIN,  ADMIN,  MEMBER],
            Self::Pin               => [MEMBER, ADMIN,  ADMIN,  MEMBER],
            Self::Moderate          => [MEMBER, ADMIN,  ADMIN,  MEMBER],
            Self::DeleteOthers      => [NOBODY, ADMIN,  ADMIN,  NOBODY],
            Self::Edit              => [NOBODY, ADMIN,  ADMIN,  NOBODY],
            Self::AddMembers        => [NOBODY, ADMIN,  ADMIN,  NOBODY],
            Self::Invite            => [NOBODY, ADMIN,  ADMIN,  NOBODY],
            Self::Remove            => [NOBODY, ADMIN,  ADMIN,  NOBODY],
            Self::Ban               => [NOBODY, ADMIN,  ADMIN,  NOBODY],
            Self::ChangeRoles       => [NOBODY, OWNER,  OWNER,  NOBODY],
            Self::Transfer          => [NOBODY, OWNER,  OWNER,  NOBODY],
            Self::DeleteChat        => [NOBODY, ADMIN,  ADMIN,  NOBODY],
        };
        match kind {
            ChatKind::Private => private,
            ChatKind::Group => group,
            ChatKind::Channel => channel,
            ChatKind::Saved => saved,
        }
    }
}

impl Role {
    pub fn may(self, right: Right, kind: ChatKind) -> bool {
        right.least(kind).is_some_and(|least| self >= least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_higher_role_has_every_right_of_a_lower_one() {
        for kind in ChatKind::ALL {
            for right in Right::ALL {
                assert!(!Role::Member.may(right, kind) || Role::Admin.may(right, kind));
                assert!(!Role::Admin.may(right, kind) || Role::Owner.may(right, kind));
            }
        }
    }

    #[test]
    fn nobody_rules_over_somebody_in_a_private_chat() {
        for right in [Right::Remove, Right::Ban, Right::DeleteOthers, Right::DeleteChat, Right::Edit] {
            assert!(!Role::Owner.may(right, ChatKind::Private));
        }
    }
}
