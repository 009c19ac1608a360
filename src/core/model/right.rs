//! The rights of members, by role and kind of chat.

use super::{ChatKind, Role};

/// A right that not every member has in every chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Post messages.
    Post,
    /// Post messages in a read-only chat.
    PostWhereReadOnly,
    /// Set the lifetime of new messages.
    SetMessageLife,
    /// Enable or disable the assistant.
    SwitchAssistant,
    /// Pin a message for everybody.
    Pin,
    /// Manage the chat at all: what the other rights of moderators have in common.
    Moderate,
    /// Delete messages of others for everybody.
    DeleteOthers,
    /// Change title, description, avatar and whether the chat is read-only.
    Edit,
    AddMembers,
    /// Create and revoke invitations and the short code.
    Invite,
    /// Remove a member of a lower role.
    Remove,
    /// Ban a member of a lower role.
    Ban,
    /// Appoint and dismiss admins.
    ChangeRoles,
    /// Transfer ownership.
    Transfer,
    /// Delete the chat for everybody.
    DeleteChat,
    /// Create, change and delete webhooks.
    ManageWebhooks,
}

impl Right {
    pub const ALL: [Self; 16] = [
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
        Self::ManageWebhooks,
    ];

    /// The right that posting requires.
    pub fn posting(is_read_only: bool) -> Self {
        if is_read_only { Self::PostWhereReadOnly } else { Self::Post }
    }

    /// The lowest role that has it; `None` where nobody has.
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
            Self::ManageWebhooks    => [NOBODY, ADMIN,  ADMIN,  MEMBER],
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
