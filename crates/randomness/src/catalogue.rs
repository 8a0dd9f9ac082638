//! The tests, by the names and parameters of their standards.

use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Which text's formulas are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edition {
    /// GM/T 0005-2021.
    Gmt2021,
    /// GM/T 0005-2012: no Q-values, other classes of the longest run and of the distribution of runs, another variance of the
    /// transform.
    Gmt2012,
    /// NIST SP 800-22 rev. 1a.
    Nist,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:literal $parameters:expr;)*) => {
        /// What is tested.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind { $($(#[$doc])* $kind,)* }

        impl Kind {
            /// All, in the order of GM/T 0005-2021, then those that only NIST has.
            pub const ALL: &'static [Kind] = &[$(Kind::$kind,)*];

            /// The name.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name,)* }
            }

            /// Its parameters: name, least and greatest value; whose least is the greatest may be left out.
            pub fn parameters(self) -> &'static [Parameter] {
                const fn p(name: &'static str, least: i64, most: i64) -> Parameter { Parameter { name, least, most } }
                match self { $(Kind::$kind => const { &$parameters },)* }
            }
        }
    };
}

/// A parameter of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// As the standards call it.
    pub name: &'static str,
    /// Least value.
    pub least: i64,
    /// Greatest value.
    pub most: i64,
}

/// Longest block or shift that a parameter may ask for.
const LONG: i64 = 1 << 40;

kinds! {
    /// GM/T 0005-2021 5.1 单比特频数.
    Monobit "monobit" [];
    /// 5.2 块内频数; block length m.
    BlockFrequency "block_frequency" [p("m", 1, LONG)];
    /// 5.3 扑克; word length m.
    Poker "poker" [p("m", 1, 20)];
    /// 5.4 重叠子序列, first statistic ∇ψ²; pattern length m.
    Overlapping1 "overlapping_1" [p("m", 2, 20)];
    /// 5.4, second statistic ∇²ψ².
    Overlapping2 "overlapping_2" [p("m", 2, 20)];
    /// 5.5 游程总数.
    Runs "runs" [];
    /// 5.6 游程分布.
    RunsDistribution "runs_distribution" [];
    /// 5.7 块内最大“1”游程; block length m: 8, 128 or 10000.
    LongestRun1 "longest_run_1" [p("m", 8, 10_000)];
    /// 5.7 块内最大“0”游程.
    LongestRun0 "longest_run_0" [p("m", 8, 10_000)];
    /// 5.8 二元推导; order k.
    BinaryDerivative "binary_derivative" [p("k", 1, LONG)];
    /// 5.9 自相关; shift d.
    Autocorrelation "autocorrelation" [p("d", 1, LONG)];
    /// 5.10 矩阵秩; rows M and columns Q, both 32.
    MatrixRank "matrix_rank" [p("M", 32, 32), p("Q", 32, 32)];
    /// 5.11 累加和, forward.
    CusumForward "cusum_forward" [];
    /// 5.11, backward.
    CusumBackward "cusum_backward" [];
    /// 5.12 近似熵; pattern length m.
    ApproximateEntropy "approximate_entropy" [p("m", 1, 19)];
    /// 5.13 线性复杂度; block length m.
    LinearComplexity "linear_complexity" [p("m", 8, 65_534)];
    /// 5.14 Maurer 通用统计; word length L, words Q that only fill the table.
    Maurer "maurer" [p("L", 6, 16), p("Q", 1, 1 << 30)];
    /// 5.15 离散傅里叶.
    Dft "dft" [];
    /// NIST 2.7; template length m, the template as a number.
    NonOverlappingTemplate "non_overlapping_template" [p("m", 2, 16), p("template", 0, (1 << 16) - 1)];
    /// NIST 2.8; the template is m = 9 ones.
    OverlappingTemplate "overlapping_template" [p("m", 9, 9)];
    /// NIST 2.14; state x.
    RandomExcursions "random_excursions" [p("x", -4, 4)];
    /// NIST 2.15; state x.
    RandomExcursionsVariant "random_excursions_variant" [p("x", -9, 9)];
}

/// A test with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Test {
    kind: Kind,
    values: [i64; 2],
}

/// A test that does not exist, or not so.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NoTest {
    /// No test has this name.
    #[error("no test is called {0}")]
    Unknown(String),
    /// The test has other parameters.
    #[error("{name}: no parameter {found}")]
    NoParameter {
        /// The test.
        name: &'static str,
        /// What was given.
        found: String,
    },
    /// A parameter must be given.
    #[error("{name}: {parameter} is missing")]
    Missing {
        /// The test.
        name: &'static str,
        /// The parameter.
        parameter: &'static str,
    },
    /// The value of a parameter is no number, or none that it can have.
    #[error("{name}: {parameter}={found}: expected {expected}")]
    Value {
        /// The test.
        name: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// What was given.
        found: String,
        /// What it can be.
        expected: String,
    },
}

impl Test {
    /// A test whose parameters have these values, in the order of [`Kind::parameters`].
    ///
    /// # Errors
    /// A value that is missing, too much, or that the parameter cannot have.
    pub fn new(kind: Kind, values: &[i64]) -> Result<Test, NoTest> {
        let given: Vec<Option<i64>> = values.iter().copied().map(Some).collect();
        Test::with(kind, &given)
    }

    fn with(kind: Kind, given: &[Option<i64>]) -> Result<Test, NoTest> {
        let name = kind.name();
        let parameters = kind.parameters();
        if let Some(Some(extra)) = given.get(parameters.len()) {
            return Err(NoTest::NoParameter { name, found: extra.to_string() });
        }
        let mut test = Test { kind, values: [0; 2] };
        for (at, (parameter, value)) in parameters.iter().zip(&mut test.values).enumerate() {
            let fixed = (parameter.least == parameter.most).then_some(parameter.least);
            let found = given.get(at).copied().flatten().or(fixed);
            *value = found.ok_or(NoTest::Missing { name, parameter: parameter.name })?;
            let in_range = (parameter.least..=parameter.most).contains(value);
            let (fits, expected) = match kind {
                Kind::LongestRun0 | Kind::LongestRun1 => ([8, 128, 10_000].contains(value), "8, 128, 10000".to_owned()),
                _ if parameter.least == parameter.most => (in_range, parameter.least.to_string()),
                Kind::RandomExcursions | Kind::RandomExcursionsVariant => {
                    (in_range && *value != 0, format!("{}..-1, 1..{}", parameter.least, parameter.most))
                }
                _ => (in_range, format!("{}..{}", parameter.least, parameter.most)),
            };
            if !fits {
                return Err(NoTest::Value { name, parameter: parameter.name, found: value.to_string(), expected });
            }
        }
        if let (Kind::NonOverlappingTemplate, [m, template]) = (kind, test.values)
            && !crate::nist::is_aperiodic(m as u32, template as u32)
        {
            return Err(NoTest::Value {
                name,
                parameter: "template",
                found: template.to_string(),
                expected: "an aperiodic template of m bits, such as 1".to_owned(),
            });
        }
        Ok(test)
    }

    /// What is tested.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Names and values of the parameters.
    pub fn parameters(&self) -> impl Iterator<Item = (&'static str, i64)> {
        self.kind.parameters().iter().map(|parameter| parameter.name).zip(self.values)
    }

    /// The first parameter, as a length; 0 without one.
    pub(crate) fn length(&self) -> usize {
        let [first, _] = self.values;
        usize::try_from(first).unwrap_or_default()
    }

    pub(crate) fn values(&self) -> [i64; 2] {
        self.values
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = self.parameters().map(|(name, value)| format!(",{name}={value}"));
        f.pad(&parameters.fold(self.kind.name().to_owned(), |text, parameter| text + &parameter))
    }
}

impl FromStr for Test {
    type Err = NoTest;

    /// Reads `overlapping_1,m=2`. A parameter that can have one value only may be left out, and Q of `maurer` too.
    fn from_str(text: &str) -> Result<Test, NoTest> {
        let mut words = text.split(',').map(str::trim);
        let name = words.next().unwrap_or_default();
        let kind = Kind::ALL.iter().find(|kind| kind.name() == name).copied();
        let kind = kind.ok_or_else(|| NoTest::Unknown(name.to_owned()))?;
        let name = kind.name();
        let mut given = [None; 2];
        for word in words {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            let parameters = kind.parameters();
            let at = parameters.iter().position(|parameter| parameter.name == key.trim());
            let (Some(place), Some(parameter)) =
                (at.and_then(|at| given.get_mut(at)), at.and_then(|at| parameters.get(at)))
            else {
                return Err(NoTest::NoParameter { name, found: key.to_owned() });
            };
            *place = Some(value.trim().parse().map_err(|_| NoTest::Value {
                name,
                parameter: parameter.name,
                found: value.to_owned(),
                expected: format!("{}..{}", parameter.least, parameter.most),
            })?);
        }
        if kind == Kind::Maurer {
            let [length, first] = &mut given;
            let length = *length.get_or_insert(7);
            // NIST 2.9.7: ten times as many words as the table has places.
            first.get_or_insert(10 << length.clamp(0, 16));
        }
        Test::with(kind, &given)
    }
}

impl<'de> serde::Deserialize<'de> for Test {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Test, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
