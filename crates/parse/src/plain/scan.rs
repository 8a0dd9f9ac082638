//! Looks for personal data, names in fields that are called so, and fields of a log-in, in text that goes by in pieces.
//!
//! What is found does not depend on where the pieces are cut. What is kept between two pieces is a few bytes, which
//! nothing shows.

use std::fmt;

use super::number::{is_card, is_identity, is_mobile};
use super::told::{Content, Masked};

/// What kind of text it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Scan {
    /// Any: nothing in it is a field of a log-in.
    #[default]
    Text,
    /// Fields of a log-in may be among others: JSON, XML.
    Data,
    /// The same with `%` before what is encoded (`application/x-www-form-urlencoded`).
    Form,
    /// HTML, of which the fields are the reader's.
    Page,
}

/// Who hears of what is found.
pub(super) type Hear<'a> = &'a mut dyn FnMut(Content, usize, Masked);

/// Bytes before a sign that may be the name of a field.
const BEHIND: usize = 32;
/// What stands before a byte that ends no name.
const NOTHING: [u8; BEHIND] = [0; BEHIND];
/// Digits that a number of interest can have, and one more.
const DIGITS: usize = 20;

/// Reads text.
#[derive(Clone, Default)]
pub(super) struct Scanner {
    scan: Scan,
    /// The last bytes of the piece before.
    behind: [u8; BEHIND],
    escape: Escape,
    /// The start of a character, and of how many bytes it is.
    partial: [u8; 4],
    has: usize,
    wants: usize,
    /// Where the character began that is read now, and the byte that is.
    at: usize,
    now: usize,
    last: Option<char>,
    number: Number,
    run: Run,
    value: Option<Value>,
}

impl fmt::Debug for Scanner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Scanner").field("scan", &self.scan).finish_non_exhaustive()
    }
}

/// A character that is written as several.
#[derive(Clone, Copy, Default)]
enum Escape {
    #[default]
    None,
    /// Behind `%`.
    Percent,
    /// Behind `%` and a digit.
    Half(u8),
    /// Behind `\`.
    Backslash,
    /// Behind `\u` and some digits.
    Unicode(u8, u32),
}

/// Digits in a row.
#[derive(Clone, Copy, Default)]
struct Number {
    digits: [u8; DIGITS],
    count: usize,
    at: usize,
    /// What stands before belongs to it.
    glued: bool,
    /// A plus sign stands before it.
    international: bool,
    /// The check digit X behind seventeen others.
    ten: bool,
}

/// Chinese characters in a row.
#[derive(Clone, Copy, Default)]
struct Run {
    count: usize,
    at: usize,
    first: char,
    last: char,
}

/// What a field is called.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Name,
    User,
    Password,
    /// `type`, whose value `password` makes a page that asks for one.
    Kind,
}

/// The value of a field.
#[derive(Clone, Copy)]
struct Value {
    field: Field,
    at: usize,
    quote: Option<char>,
    count: usize,
    first: char,
    last: char,
    /// How much of it is `password`.
    matches: bool,
}

/// Whether a byte is not simply passed by: digits, what is no ASCII, and signs behind the names of fields.
fn stops(byte: u8) -> bool {
    byte >= 0x80 || matches!(byte, b'0'..=b'9' | b':' | b'=' | b'>' | b'%' | b'\\')
}

impl Scanner {
    pub(super) fn new(scan: Scan) -> Scanner {
        Scanner { scan, ..Scanner::default() }
    }

    /// Reads a piece that begins at `start` of its direction.
    pub(super) fn feed(&mut self, piece: &[u8], start: usize, hear: Hear<'_>) {
        let mut at = 0_usize;
        while let Some(rest) = piece.get(at..).filter(|rest| !rest.is_empty()) {
            if self.is_idle() {
                let passed = rest.iter().position(|&byte| stops(byte)).unwrap_or(rest.len());
                if let Some(before) = passed.checked_sub(1).and_then(|before| rest.get(before)) {
                    self.last = Some(char::from(*before));
                    at = at.saturating_add(passed);
                    continue;
                }
            }
            let Some(&byte) = rest.first() else { break };
            // The last one of a colon of full width is looked at only where it is that.
            let wide = byte == 0x9a && self.has == 2 && self.partial.starts_with(&[0xef, 0xbc]);
            let names_field = matches!(byte, b':' | b'=' | b'>') || wide;
            let place = start.saturating_add(at);
            if names_field {
                let before = self.before(piece, at);
                self.byte(byte, place, &before, hear);
            } else {
                self.byte(byte, place, &NOTHING, hear);
            }
            at = at.saturating_add(1);
        }
        self.behind = self.before(piece, piece.len());
    }

    /// The text is over.
    pub(super) fn end(&mut self, hear: Hear<'_>) {
        self.letter('\n', true, &NOTHING, hear);
        *self = Scanner::new(self.scan);
    }

    fn is_idle(&self) -> bool {
        let plain = matches!(self.escape, Escape::None) && self.has == 0;
        plain && self.value.is_none() && self.number.count == 0 && self.run.count == 0
    }

    /// The bytes before `at` of the piece.
    fn before(&self, piece: &[u8], at: usize) -> [u8; BEHIND] {
        let mut before = [0; BEHIND];
        let here = piece.get(at.saturating_sub(BEHIND)..at).unwrap_or_default();
        let (old, new) = before.split_at_mut(BEHIND - here.len().min(BEHIND));
        new.copy_from_slice(here);
        let kept = self.behind.get(BEHIND - old.len()..).unwrap_or_default();
        old.copy_from_slice(kept);
        before
    }

    fn byte(&mut self, byte: u8, at: usize, before: &[u8; BEHIND], hear: Hear<'_>) {
        let digit = char::from(byte).to_digit(16);
        self.now = at;
        if matches!(self.escape, Escape::None) && self.has == 0 {
            self.at = at;
        }
        match (std::mem::take(&mut self.escape), byte, digit) {
            (Escape::None, b'%', _) if self.scan == Scan::Form => self.escape = Escape::Percent,
            (Escape::None, b'\\', _) => self.escape = Escape::Backslash,
            (Escape::None, b'+', _) if self.scan == Scan::Form => self.unit(b' ', false, before, hear),
            (Escape::None, ..) => self.unit(byte, true, before, hear),
            (Escape::Percent, _, Some(digit)) => self.escape = Escape::Half(u8::try_from(digit).unwrap_or_default()),
            (Escape::Half(high), _, Some(digit)) => {
                self.unit(high << 4 | u8::try_from(digit).unwrap_or_default(), false, before, hear);
            }
            (Escape::Backslash, b'u', _) => self.escape = Escape::Unicode(0, 0),
            (Escape::Unicode(3, code), _, Some(digit)) => {
                let letter = char::from_u32(code << 4 | digit).unwrap_or(char::REPLACEMENT_CHARACTER);
                self.letter(letter, false, before, hear);
            }
            (Escape::Unicode(count, code), _, Some(digit)) => {
                self.escape = Escape::Unicode(count.saturating_add(1), code << 4 | digit);
            }
            (Escape::Backslash, ..) => self.unit(byte, false, before, hear),
            // No escape after all.
            (Escape::Percent | Escape::Half(_) | Escape::Unicode(..), ..) => {
                self.unit(b'%', false, before, hear);
                self.at = at;
                self.unit(byte, true, before, hear);
            }
        }
    }

    /// One byte of UTF-8.
    fn unit(&mut self, byte: u8, literal: bool, before: &[u8; BEHIND], hear: Hear<'_>) {
        if self.has > 0 && byte & 0xc0 == 0x80 {
            if let Some(place) = self.partial.get_mut(self.has) {
                *place = byte;
            }
            self.has = self.has.saturating_add(1);
            if self.has == self.wants {
                let bytes = self.partial.get(..self.has).unwrap_or_default();
                let letter = str::from_utf8(bytes).ok().and_then(|text| text.chars().next());
                self.has = 0;
                self.letter(letter.unwrap_or(char::REPLACEMENT_CHARACTER), literal, before, hear);
            }
            return;
        }
        if self.has > 0 {
            self.has = 0;
            self.letter(char::REPLACEMENT_CHARACTER, literal, before, hear);
            self.at = self.now;
        }
        let wants = match byte {
            0..=0x7f => return self.letter(char::from(byte), literal, before, hear),
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ if self.is_idle() => {
                self.last = Some(char::REPLACEMENT_CHARACTER);
                return;
            }
            _ => return self.letter(char::REPLACEMENT_CHARACTER, literal, before, hear),
        };
        self.partial = [byte, 0, 0, 0];
        (self.has, self.wants) = (1, wants);
    }

    /// One character; a literal one may be a sign, one that was encoded stands for itself.
    fn letter(&mut self, letter: char, literal: bool, before: &[u8; BEHIND], hear: Hear<'_>) {
        self.number(letter, hear);
        self.run(letter, hear);
        match self.value {
            Some(value) => self.value(value, letter, literal, hear),
            None if literal => self.sign(letter, before),
            None => {}
        }
        self.last = Some(letter);
    }

    fn number(&mut self, letter: char, hear: Hear<'_>) {
        let joins = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
        let number = &mut self.number;
        if let Some(digit) = u8::try_from(letter).ok().filter(u8::is_ascii_digit)
            && !number.ten
        {
            if number.count == 0 {
                number.at = self.at;
                number.glued = self.last.is_some_and(joins);
                number.international = self.last == Some('+');
            }
            if let Some(place) = number.digits.get_mut(number.count) {
                *place = digit;
            }
            number.count = number.count.saturating_add(1);
            return;
        }
        if number.count == 17 && !number.ten && matches!(letter, 'X' | 'x') {
            number.ten = true;
            return;
        }
        if number.count > 0 {
            let ended = !(letter.is_ascii_alphanumeric() || letter == '_');
            let number = std::mem::take(number);
            if ended && !number.glued {
                number.tell(hear);
            }
        }
    }

    fn run(&mut self, letter: char, hear: Hear<'_>) {
        if is_chinese(letter) {
            if self.run.count == 0 {
                self.run = Run { count: 0, at: self.at, first: letter, last: letter };
            }
            self.run.last = letter;
            self.run.count = self.run.count.saturating_add(1);
        } else if self.run.count > 0 {
            let run = std::mem::take(&mut self.run);
            if run.count > 1 {
                hear(Content::ChineseText, run.at, Masked::ends(run.first, run.last, run.count));
            }
        }
    }

    /// Whether a field's name stands before this sign.
    fn sign(&mut self, letter: char, before: &[u8; BEHIND]) {
        // The last two bytes of a colon of full width are before it too.
        let before = match letter {
            ':' | '=' | '>' => before.as_slice(),
            '：' => before.get(..BEHIND - 2).unwrap_or_default(),
            _ => return,
        };
        let closing = |byte: &u8| matches!(byte, b'"' | b'\'' | b' ');
        let end =
            before.iter().rposition(|byte| letter == '>' || !closing(byte)).map_or(0, |end| end.saturating_add(1));
        let before = before.get(..end).unwrap_or_default();
        let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') || *byte >= 0x80;
        // A name that fills all that is kept may go on before it.
        let Some(start) = before.iter().rposition(|byte| !part(byte)) else { return };
        let word = before.get(start.saturating_add(1)..).unwrap_or_default();
        let opened = before.get(start) == Some(&b'<');
        if letter == '>' && !opened {
            return;
        }
        let field = field(word).filter(|field| match (field, self.scan) {
            (Field::Name, _) => true,
            (Field::Kind, scan) => scan == Scan::Page && letter == '=',
            (_, Scan::Data | Scan::Form) => true,
            _ => false,
        });
        let first = char::REPLACEMENT_CHARACTER;
        self.value =
            field.map(|field| Value { field, at: self.at, quote: None, count: 0, first, last: first, matches: true });
    }

    fn value(&mut self, mut value: Value, letter: char, literal: bool, hear: Hear<'_>) {
        const KIND: &str = "password";
        let divides = literal && matches!(letter, '&' | ',' | ';' | '<' | '>' | '{' | '}' | '[' | ']' | '\r' | '\n');
        if value.count == 0 && !divides {
            match letter {
                ' ' | '\t' if literal && value.quote.is_none() => return,
                '"' | '\'' if literal && value.quote.is_none() => {
                    value.quote = Some(letter);
                    self.value = Some(value);
                    return;
                }
                _ if value.quote == Some(letter) && literal => {}
                _ => (value.first, value.at) = (letter, self.at),
            }
        }
        let over = match value.quote {
            Some(quote) => literal && letter == quote,
            None => divides || literal && matches!(letter, ' ' | '\t' | '"' | '\'' | ')'),
        };
        let part_of_name = is_chinese(letter) || letter == '·';
        if over || value.field == Field::Name && !part_of_name {
            self.value = None;
            value.tell(hear);
            return;
        }
        value.matches &= KIND.chars().nth(value.count) == Some(letter.to_ascii_lowercase());
        value.last = letter;
        value.count = value.count.saturating_add(1);
        self.value = Some(value);
    }
}

impl Number {
    fn tell(&self, hear: Hear<'_>) {
        let Some(digits) = self.digits.get(..self.count) else { return };
        let mut text = [b'X'; 18];
        let identity = match (self.count, self.ten) {
            (18, false) | (17, true) => {
                text.iter_mut().zip(digits).for_each(|(place, digit)| *place = *digit);
                is_identity(&text)
            }
            _ => false,
        };
        let home = digits.strip_prefix(b"0086").or(digits.strip_prefix(b"86").filter(|_| self.international));
        let what = match () {
            () if identity => Content::IdentityNumber,
            () if self.ten => return,
            () if is_mobile(home.unwrap_or(digits)) => Content::MobileNumber,
            () if is_card(digits) => Content::BankCard,
            () => return,
        };
        hear(what, self.at, Masked::of(if self.ten { &text } else { digits }));
    }
}

impl Value {
    fn tell(&self, hear: Hear<'_>) {
        /// Characters of a name: those of some peoples are long, with a dot in them.
        const NAME: std::ops::RangeInclusive<usize> = 2..=12;
        let nothing = self.quote.is_none() && (self.first, self.last, self.count) == ('n', 'l', 4);
        let what = match self.field {
            Field::Name if NAME.contains(&self.count) => Content::ChineseName,
            Field::User if self.count > 0 && !nothing => Content::UserName,
            Field::Password if self.count > 0 && !nothing => Content::Password,
            Field::Kind if self.matches && self.count == 8 => {
                return hear(Content::LoginForm, self.at, Masked::ends(self.first, self.last, 0));
            }
            _ => return,
        };
        hear(what, self.at, Masked::ends(self.first, self.last, self.count));
    }
}

/// A character of Chinese writing: the blocks of unified ideographs.
fn is_chinese(letter: char) -> bool {
    matches!(letter, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

/// What the name of a field says, in words that programs use.
fn field(word: &[u8]) -> Option<Field> {
    const NAMES: &[&str] = &[
        "name",
        "realname",
        "real_name",
        "fullname",
        "full_name",
        "truename",
        "patientname",
        "patient_name",
        "customername",
        "customer_name",
        "xm",
        "xingming",
        "姓名",
        "真实姓名",
        "患者姓名",
        "客户姓名",
        "联系人",
        "联系人姓名",
    ];
    const USERS: &[&str] = &[
        "user",
        "username",
        "user_name",
        "userid",
        "user_id",
        "login",
        "loginname",
        "login_name",
        "loginid",
        "account",
        "uname",
        "j_username",
        "yhm",
        "用户名",
        "账号",
        "帐号",
        "账户",
    ];
    const PASSWORDS: &[&str] = &[
        "password",
        "passwd",
        "pwd",
        "pass",
        "passphrase",
        "userpassword",
        "user_password",
        "userpwd",
        "loginpassword",
        "login_password",
        "j_password",
        "mima",
        "密码",
        "口令",
    ];
    let is = |names: &[&str]| names.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(word));
    match () {
        () if is(NAMES) => Some(Field::Name),
        () if is(USERS) => Some(Field::User),
        () if is(PASSWORDS) => Some(Field::Password),
        () if is(&["type"]) => Some(Field::Kind),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(scan: Scan, text: &[u8], size: usize) -> Vec<(Content, usize, String)> {
        let (mut scanner, mut found, mut at) = (Scanner::new(scan), Vec::new(), 0);
        let mut hear = |what, at, masked: Masked| found.push((what, at, masked.to_string()));
        for piece in text.chunks(size) {
            scanner.feed(piece, at, &mut hear);
            at += piece.len();
        }
        scanner.end(&mut hear);
        found
    }

    fn check(scan: Scan, text: &str, expected: &[(Content, usize, &str)]) {
        for size in [1, 2, 3, 7, 41, text.len().max(1)] {
            let found = found(scan, text.as_bytes(), size);
            let found: Vec<_> = found.iter().map(|(what, at, masked)| (*what, *at, masked.as_str())).collect();
            assert_eq!(found, expected, "{text} in pieces of {size}");
        }
    }

    use Content::{BankCard, ChineseName, ChineseText, IdentityNumber, LoginForm, MobileNumber, Password, UserName};

    #[test]
    fn numbers_stand_for_themselves() {
        check(Scan::Text, "id 110105199901011238.", &[(IdentityNumber, 3, "1***8")]);
        check(Scan::Text, "id 110105199901011239", &[]);
        check(Scan::Text, "11010519491231002X", &[(IdentityNumber, 0, "1***X")]);
        check(Scan::Text, "11010519491231002Xy", &[]);
        check(Scan::Text, "11010519491231002X1", &[]);
        check(Scan::Text, "a110105199901011238 1101051999010112380 0.110105199901011238", &[]);
        check(Scan::Text, "\x0b13800138000\x12", &[(MobileNumber, 1, "1***0")]);
        check(Scan::Text, "+8613800138000 008613800138000", &[(MobileNumber, 1, "8***0"), (MobileNumber, 15, "0***0")]);
        check(Scan::Text, "138001380001 8613800138000", &[]);
        check(Scan::Text, "电话13800138000", &[(ChineseText, 0, "电***"), (MobileNumber, 6, "1***0")]);
        check(Scan::Data, "{\"card\":6217000000000000004}", &[(BankCard, 8, "6***4")]);
        // A check digit of identity numbers before one of cards.
        check(Scan::Text, &"9".repeat(100), &[]);
    }

    #[test]
    fn names_are_told_in_fields_that_are_called_so() {
        let both = |at| [(ChineseName, at, "张***"), (ChineseText, at, "张***")];
        let check_both = |scan, text: &str, at| {
            for size in [1, 2, 5, text.len()] {
                let mut found = found(scan, text.as_bytes(), size);
                found.retain(|(_, found, _)| *found >= at);
                found.sort_by_key(|(what, ..)| *what);
                let found: Vec<_> = found.iter().map(|(what, at, masked)| (*what, *at, masked.as_str())).collect();
                assert_eq!(found, both(at), "{text} in pieces of {size}");
            }
        };
        check_both(Scan::Text, "{\"姓名\": \"张三\"}", 12);
        check_both(Scan::Text, "姓名：张三，", 9);
        check_both(Scan::Text, "<name>张三</name>", 6);
        check_both(Scan::Form, "a=1&name=%E5%BC%A0%E4%B8%89&b=2", 9);
        check_both(Scan::Data, "{\"realName\":\"\\u5f20\\u4e09\"}", 13);
        check(Scan::Text, "city=张三", &[(ChineseText, 5, "张***")]);
        check(Scan::Text, "name=zhangsan", &[]);
        check(Scan::Text, "name=王", &[]);
        check(Scan::Text, "surname=张三", &[(ChineseText, 8, "张***")]);
    }

    #[test]
    fn fields_of_a_log_in_are_told_where_they_can_be_ones() {
        let form = "username=zhangsan&password=Dengmi%402026%21";
        check(Scan::Form, form, &[(UserName, 9, "z***n"), (Password, 27, "D***!")]);
        check(Scan::Text, form, &[]);
        check(Scan::Page, form, &[]);
        check(Scan::Form, "password=&user=&pwd=a", &[(Password, 20, "***")]);
        check(Scan::Data, "{\"user\" : \"a b,c\", \"pwd\":null}", &[(UserName, 11, "a***")]);
        check(Scan::Data, "{\"pwd\":\"a\\\"bcdefgh\"}", &[(Password, 8, "a***h")]);
        check(Scan::Form, "pwd=a%26bcdefg&x=1", &[(Password, 4, "a***g")]);
        check(Scan::Page, "<input type=password name=p>", &[(LoginForm, 12, "***")]);
        check(Scan::Page, "<INPUT TYPE='PASSWORD'>", &[(LoginForm, 13, "***")]);
        check(Scan::Page, "<input type=passwords><input type=pass>", &[]);
        check(Scan::Form, "p%61ss=%zz&%", &[]);
    }

    #[test]
    fn bytes_that_are_no_text_are_passed_by() {
        let bytes: Vec<u8> = (0..=255).cycle().take(2048).collect();
        assert_eq!(found(Scan::Form, &bytes, 1), found(Scan::Form, &bytes, 2048));
        check(Scan::Text, "张", &[]);
        assert_eq!(
            found(Scan::Text, b"\xe5\xbc\xe5\xbc\xa0\xe4\xb8\x89\xff", 1),
            [(ChineseText, 2, "张***".to_owned())]
        );
    }

    #[test]
    fn what_is_kept_between_pieces_is_not_shown() {
        let mut scanner = Scanner::new(Scan::Form);
        scanner.feed(b"password=Dengmi", 0, &mut |_, _, _| {});
        assert!(!format!("{scanner:?}").contains("Dengmi"));
    }
}
