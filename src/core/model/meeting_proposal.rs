//! Recognises texts that propose a call or a meeting.
//!
//! By word lists in Russian and English: a clause must contain a word for talking and a word for proposing, or a verb
//! form that does both («созвонимся»). A clause with a negation proposes nothing.

/// Verb forms that propose by themselves.
const PROPOSALS: &[&str] = &[
    "созвонимся",
    "созвонитесь",
    "созвонись",
    "созвонимтесь",
    "встретимся",
    "встретимтесь",
    "встретьтесь",
    "соберемся",
    "соберитесь",
    "перезвонимся",
];
/// Stems of words for talking to each other.
const TALKS: &[&str] = &[
    "созвон",
    "созван",
    "видеозвон",
    "видеовстреч",
    "видеоконференц",
    "видеосвяз",
    "видеочат",
    "аудиозвон",
    "телемост",
    "планерк",
    "совещани",
    "переговор",
    "videocall",
    "videoconferenc",
    "teleconferenc",
    "meeting",
    "googlemeet",
];
/// Words for talking whose stems are ambiguous, so they must match as a whole.
const MEETINGS: &[&str] = &[
    "встреча",
    "встречу",
    "встречи",
    "встрече",
    "встречей",
    "встретиться",
    "встретитесь",
    "увидеться",
    "собраться",
    "звонок",
    "звонка",
    "звонку",
    "звонке",
    "звонком",
    "позвонить",
    "позвоните",
    "позвони",
    "поговорить",
    "митинг",
    "мит",
    "зум",
    "зуме",
    "зуму",
];
/// Words for proposing; matched as a whole, because related forms only report («назначена», "scheduled").
const PROPOSERS: &[&str] = &[
    "давай",
    "давайте",
    "предлагаю",
    "предлагаем",
    "предложу",
    "предложил",
    "можно",
    "можем",
    "можете",
    "могли",
    "мог",
    "могу",
    "стоит",
    "стоило",
    "нужно",
    "надо",
    "нужен",
    "нужна",
    "лучше",
    "хотите",
    "хочешь",
    "рекомендую",
    "рекомендуем",
    "советую",
    "советуем",
    "назначим",
    "назначить",
    "назначьте",
    "назначу",
    "запланируем",
    "запланировать",
    "запланируйте",
    "проведем",
    "провести",
    "проведите",
    "устроим",
    "устроить",
    "устройте",
    "организуем",
    "организовать",
    "организуйте",
    "договоримся",
    "договориться",
    "договоритесь",
    "попробуем",
    "попробуйте",
    "почему",
    "удобно",
    "обсудим",
    "обсудить",
    "обсудите",
    "let",
    "let's",
    "lets",
    "suggest",
    "suggesting",
    "propose",
    "proposing",
    "recommend",
    "schedule",
    "arrange",
    "organize",
    "organise",
    "could",
    "should",
    "shall",
    "would",
    "want",
    "hop",
    "jump",
    "book",
    "set",
    "how",
    "why",
    "need",
    "can",
    "worth",
    "better",
    "try",
    "hold",
];
/// Words that negate a proposal.
const NEGATIONS: &[&str] = &[
    "не",
    "нет",
    "без",
    "незачем",
    "вместо",
    "отмен",
    "отменили",
    "отменена",
    "отменить",
    "not",
    "no",
    "without",
    "never",
    "don't",
    "dont",
    "doesn't",
    "needn't",
    "can't",
    "cannot",
    "won't",
    "shouldn't",
    "instead",
    "cancel",
    "cancelled",
    "canceled",
];
/// Words in whose context "call" is a technical term.
const TECHNICAL: &[&str] = &[
    "api",
    "function",
    "functions",
    "method",
    "methods",
    "endpoint",
    "procedure",
    "callback",
    "system",
    "code",
    "class",
    "api-метод",
    "функция",
    "функцию",
    "функции",
    "метод",
    "сервер",
    "server",
    "script",
    "library",
];
/// Words before "call" where it means talking.
const BEFORE_CALL: &[&str] = &[
    "a",
    "quick",
    "short",
    "video",
    "phone",
    "group",
    "team",
    "conference",
    "zoom",
    "brief",
    "another",
    "weekly",
    "daily",
    "voice",
    "audio",
    "the",
    "our",
    "follow-up",
    "intro",
    "sync",
    "minute",
    "hour",
    "one",
];
/// Words after "meet" where it does not mean people.
const AFTER_MEET: &[&str] = &[
    "the",
    "requirement",
    "requirements",
    "deadline",
    "deadlines",
    "expectations",
    "criteria",
    "demand",
    "needs",
    "these",
    "those",
    "this",
    "that",
    "all",
    "its",
    "standards",
    "halfway",
    "goals",
    "any",
];

/// Whether a text proposes a meeting or a call.
pub fn proposes_meeting(text: &str) -> bool {
    let ends = |c: char| matches!(c, '.' | ',' | '!' | '?' | ';' | ':' | '\n' | '(' | ')' | '—' | '–' | '…');
    text.to_lowercase().replace('ё', "е").replace('’', "'").split(ends).any(clause_proposes)
}

fn clause_proposes(clause: &str) -> bool {
    let is_sign = |c: char| !c.is_alphanumeric();
    let words: Vec<&str> = clause
        .split_whitespace()
        .map(|word| word.trim_matches(is_sign))
        .filter(|word| !word.is_empty())
        .collect();
    let asks = ["бы", "why"].iter().any(|word| words.contains(word));
    if !asks && words.iter().any(|word| NEGATIONS.contains(word)) {
        return false;
    }
    if words.iter().any(|word| PROPOSALS.contains(word)) {
        return true;
    }
    let is_talk = |index: usize| {
        let word = words[index];
        let before = index.checked_sub(1).map_or("", |before| words[before]);
        let after = words.get(index + 1).copied().unwrap_or_default();
        match word {
            "call" | "calls" => {
                BEFORE_CALL.contains(&before) && !words.iter().any(|word| TECHNICAL.contains(word))
            }
            "meet" => before == "google" || !AFTER_MEET.contains(&after),
            "zoom" => ["on", "over", "via", "a", "quick"].contains(&before),
            "huddle" | "videochat" => true,
            word => MEETINGS.contains(&word) || TALKS.iter().any(|stem| word.starts_with(stem)),
        }
    };
    words.iter().any(|word| PROPOSERS.contains(word)) && (0..words.len()).any(is_talk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_proposes_to_talk_is_told() {
        for text in [
            "Давайте созвонимся завтра в десять.",
            "Предлагаю встретиться и обсудить это.",
            "Может быть, созвонимся?",
            "Думаю, стоит назначить встречу на четверг",
            "Лучше провести короткий созвон.",
            "Почему бы вам не созвониться?",
            "Не могли бы вы встретиться на этой неделе?",
            "Рекомендую организовать видеозвонок всей командой.",
            "Это долго писать. Нужно совещание!",
            "Можно устроить видеовстречу: так быстрее.",
            "Встретимся в офисе?",
            "Соберёмся завтра, всё решим.",
            "Давайте обсудим это на звонке",
            "Нет проблем, давайте созвонимся.",
            "Let's schedule a call.",
            "I suggest a quick meeting tomorrow.",
            "How about a short video call?",
            "Why not have a call about it?",
            "We could meet on Thursday",
            "Let’s hop on a Zoom",
            "It would be better to meet in person.",
            "No problem, let's have a meeting.",
            "You should set up a Google Meet with the team.",
        ] {
            assert!(proposes_meeting(text), "{text}");
        }
    }

    #[test]
    fn what_only_sounds_like_it_is_not() {
        for text in [
            "",
            "Это слово часто встречается в тексте.",
            "Созвон был вчера.",
            "Не нужно созваниваться, ответ уже есть.",
            "Можно обойтись без встречи.",
            "Вместо созвона можно написать.",
            "Нужно собрать данные и прислать отчёт.",
            "Стоит проверить встроенный модуль.",
            "Будильник зазвонит в семь.",
            "Давайте напишем тест.",
            "The function should call the API.",
            "You should make a call to the API endpoint.",
            "You can call this method twice.",
            "The result should meet the requirements.",
            "It would meet all criteria.",
            "The meeting was yesterday.",
            "There is no need for a meeting.",
            "We don't have to schedule a call.",
            "You could zoom in on the picture.",
            "Let's write it down.",
            "The meeting is scheduled for Monday.",
            "I hope the meeting went well.",
            "I have a meeting at ten.",
            "Встреча назначена на пять.",
            "Организация совещания заняла неделю.",
            "Это устройство для видеозвонков.",
            "Recall that the callback should be short.",
        ] {
            assert!(!proposes_meeting(text), "{text}");
        }
    }
}
