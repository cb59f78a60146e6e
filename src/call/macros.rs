//! The log macros. What they expand to decides what a program's compile time pays for each call, so
//! only the encoding of the values is generic; `ci/compile-cost.sh` holds the price.
//!
//! The work is done in three steps: `__log!` takes the options off, `__fields!` reads one field
//! after the other into a list of (name, variable, expression), `__emit!` makes the code. Each round
//! of `__fields!` brings a variable of its own, since an identifier belongs to the round that wrote
//! it.

macro_rules! level_macros {
    ($d:tt $($name:ident $level:ident $article:literal;)*) => {$(
        #[doc = concat!("Logs ", $article, " `", stringify!($level), "` record; the form is that of [`log!`](crate::log).")]
        #[macro_export]
        macro_rules! $name {
            ($d($d args:tt)*) => {
                $crate::__log!({ $crate::Level::$level } $d($d args)*)
            };
        }
    )*};
}

level_macros! { $
    trace Trace "a";
    debug Debug "a";
    info Info "an";
    notice Notice "a";
    success Success "a";
    warn Warning "a";
    error Error "an";
    fail Fail "a";
    critical Critical "a";
    fatal Fatal "a";
}

/// Logs a record of a level that is a constant expression; `info!` and its like do without it.
///
/// ```
/// use logring::{Level, info, log};
///
/// const AUDIT: Level = Level::new(35);
/// # let (path, ms, e, w, id, logger) = ("/", 1.5, "e", "w", 7, logring::logger());
/// log!(AUDIT, "a door was opened", id);
/// info!(
///     logger: logger, target: "db",
///     "took {ms:.1} for {}",
///     path, ms = ms + 0.5, err = ?e, who = %w, "http.status" = 200, http.method = "GET",
/// );
/// ```
///
/// - `logger:` and `target:`, in either order, say which logger it goes to and what its target is
///   instead of the module; the target is a constant expression.
/// - The event is a literal. The k-th `{}` in it takes the k-th field, `{name}` the field of that
///   name; what follows a `:` is Rust's format specification. `{{` and `}}` stand for braces.
///   Placeholders are filled in the drain, and nothing is captured that is not a field.
/// - A limit, in any place before the event: `every_n: 100` logs the first of 100 calls, `every:
///   Duration::from_secs(1)` one in that time, `once` the first of the process; `sample: 0.01` that
///   share, by chance. `every_n` and `every` add the field `suppressed`, the number of calls held back
///   since the last one that went out; `sample` adds `sample_rate`. Counted are calls whose level is
///   enabled, for each such line of a program and process on its own.
/// - A field is `name`, `name = value`, `"any name" = value` or `dotted.name = value`. A value is
///   anything that implements [`Value`](crate::Value); `?value` takes its `Debug`, `%value` its
///   `Display`. The value of `err` or `error` may be any error: it is logged with its sources.
///
/// When the level is not enabled, no field is evaluated, nor the logger, except at the callsite's
/// first call. A log call returns `()` and never panics; a panic in a value's `Debug` or `Display`
/// is logged as `<panicked>`.
///
/// These are compile errors, which name their cause: a placeholder without a field, two fields of
/// one name, an event that is not a literal.
#[macro_export]
macro_rules! log {
    ($level:expr, $($args:tt)*) => {
        $crate::__log!({ $level } $($args)*)
    };
}

/// Whether a log call of this level and target (the module, unless it is said) would go out: for what
/// is costly to prepare and is no field. Fields need no such question. False before `install`.
///
/// ```
/// use logring::{Level, enabled};
///
/// if enabled!(Level::Debug) || enabled!(target: "db", Level::Trace) {
///     println!("somebody listens");
/// }
/// ```
#[macro_export]
macro_rules! enabled {
    (target: $target:expr, $level:expr) => {{
        static __LOGRING_CALLSITE: $crate::__private::Callsite =
            $crate::__private::Callsite::new($level, $target, file!(), line!(), "", &[]);
        __LOGRING_CALLSITE.enabled($level)
            && __LOGRING_CALLSITE.admit(&$crate::__private::DEFAULT)
    }};
    ($level:expr) => {
        $crate::enabled!(target: module_path!(), $level)
    };
}

/// Pairs of key and value for [`Logger::bind`](crate::Logger::bind), written as the fields of a log
/// call are.
///
/// ```
/// let log = logring::logger().bind(logring::kv! { tenant = "acme", "http.method" = %"GET" });
/// ```
#[macro_export]
macro_rules! kv {
    ($($fields:tt)*) => {
        $crate::__fields!(kv {} fast [] $($fields)* ,)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log {
    ($level:tt logger: $logger:expr, target: $target:expr, $($rest:tt)*) => {
        $crate::__event!({ $level (&$logger) ($target) } $($rest)*)
    };
    ($level:tt target: $target:expr, logger: $logger:expr, $($rest:tt)*) => {
        $crate::__event!({ $level (&$logger) ($target) } $($rest)*)
    };
    ($level:tt logger: $logger:expr, $($rest:tt)*) => {
        $crate::__event!({ $level (&$logger) (module_path!()) } $($rest)*)
    };
    ($level:tt target: $target:expr, $($rest:tt)*) => {
        $crate::__event!({ $level () ($target) } $($rest)*)
    };
    ($level:tt $($rest:tt)*) => {
        $crate::__event!({ $level () (module_path!()) } $($rest)*)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __event {
    ({ $($head:tt)* } $event:literal) => {
        $crate::__emit!(log { $($head)* $event } fast [])
    };
    ({ $($head:tt)* } $event:literal, $($fields:tt)*) => {
        $crate::__fields!(log { $($head)* $event } fast [] $($fields)* ,)
    };

    // Limits, and options behind one. Only calls that have them come here.
    ({ $level:tt $logger:tt $target:tt } every_n: $n:expr, $($rest:tt)*) => {
        $crate::__event!({ $level $logger $target (EveryN ($n) ["suppressed", told]) } $($rest)*)
    };
    ({ $level:tt $logger:tt $target:tt } every: $time:expr, $($rest:tt)*) => {
        $crate::__event!({ $level $logger $target (Every ($time) ["suppressed", told]) } $($rest)*)
    };
    ({ $level:tt $logger:tt $target:tt } sample: $share:expr, $($rest:tt)*) => {
        $crate::__event!({ $level $logger $target (Sample ($share) ["sample_rate", told]) } $($rest)*)
    };
    ({ $level:tt $logger:tt $target:tt } once, $($rest:tt)*) => {
        $crate::__event!({ $level $logger $target (Once (()) []) } $($rest)*)
    };
    ({ $level:tt $logger:tt $target:tt $($limit:tt)? } logger: $new:expr, $($rest:tt)*) => {
        $crate::__event!({ $level (&$new) $target $($limit)? } $($rest)*)
    };
    ({ $level:tt $logger:tt $target:tt $($limit:tt)? } target: $new:expr, $($rest:tt)*) => {
        $crate::__event!({ $level $logger ($new) $($limit)? } $($rest)*)
    };
    ({ $level:tt $logger:tt $target:tt $limit:tt } $second:ident $(: $value:expr)?, $($rest:tt)*) => {
        compile_error!(concat!(
            "a log call has one limit of `every_n:`, `every:`, `once` and `sample:`; found a second one, `",
            stringify!($second),
            "`"
        ))
    };

    ($head:tt) => {
        compile_error!("a log call needs an event: a string literal, then its fields")
    };
    ($head:tt $first:tt $($rest:tt)*) => {
        compile_error!(concat!(
            "a log call's event is a string literal, followed by a comma where fields follow; found `",
            stringify!($first $($rest)*),
            "`"
        ))
    };
}

/// `fast` becomes `slow` at the first `?`, `%` or `err`: such a call is staged as a whole. An error is
/// told from a value by the order in which methods are looked up.
#[doc(hidden)]
#[macro_export]
macro_rules! __fields {
    ($to:tt $head:tt $speed:tt $done:tt $(,)*) => {
        $crate::__emit!($to $head $speed $done)
    };

    ($to:tt $head:tt $speed:tt [$($done:tt)*] ? $name:ident, $($rest:tt)*) => {
        $crate::__fields!($to $head slow [$($done)* (stringify!($name)) v ($crate::AsDebug(&$name))] $($rest)*)
    };
    ($to:tt $head:tt $speed:tt [$($done:tt)*] % $name:ident, $($rest:tt)*) => {
        $crate::__fields!($to $head slow [$($done)* (stringify!($name)) v ($crate::AsDisplay(&$name))] $($rest)*)
    };

    // Told apart by name below: an `err` written here would not be the caller's.
    ($to:tt $head:tt $speed:tt $done:tt $name:ident, $($rest:tt)*) => {
        $crate::__fields!($to $head $speed $done $name = $name, $($rest)*)
    };

    ($to:tt $head:tt $speed:tt [$($done:tt)*] $name:ident = ? $value:expr, $($rest:tt)*) => {
        $crate::__fields!($to $head slow [$($done)* (stringify!($name)) v ($crate::AsDebug(&$value))] $($rest)*)
    };
    ($to:tt $head:tt $speed:tt [$($done:tt)*] $name:ident = % $value:expr, $($rest:tt)*) => {
        $crate::__fields!($to $head slow [$($done)* (stringify!($name)) v ($crate::AsDisplay(&$value))] $($rest)*)
    };
    ($to:tt $head:tt $speed:tt [$($done:tt)*] err = $value:expr, $($rest:tt)*) => {
        $crate::__fields!($to $head slow [$($done)* ("err") v ((&&&$crate::__private::Probe(&$value)).logring_value())] $($rest)*)
    };
    ($to:tt $head:tt $speed:tt [$($done:tt)*] error = $value:expr, $($rest:tt)*) => {
        $crate::__fields!($to $head slow [$($done)* ("error") v ((&&&$crate::__private::Probe(&$value)).logring_value())] $($rest)*)
    };
    ($to:tt $head:tt $speed:tt [$($done:tt)*] $name:ident = $value:expr, $($rest:tt)*) => {
        $crate::__fields!($to $head $speed [$($done)* (stringify!($name)) v ($value)] $($rest)*)
    };

    ($to:tt $head:tt $speed:tt [$($done:tt)*] $name:literal = ? $value:expr, $($rest:tt)*) => {
        $crate::__fields!($to $head slow [$($done)* ($name) v ($crate::AsDebug(&$value))] $($rest)*)
    };
    ($to:tt $head:tt $speed:tt [$($done:tt)*] $name:literal = % $value:expr, $($rest:tt)*) => {
        $crate::__fields!($to $head slow [$($done)* ($name) v ($crate::AsDisplay(&$value))] $($rest)*)
    };
    ($to:tt $head:tt $speed:tt [$($done:tt)*] $name:literal = $value:expr, $($rest:tt)*) => {
        $crate::__fields!($to $head $speed [$($done)* ($name) v ($value)] $($rest)*)
    };

    ($to:tt $head:tt $speed:tt $done:tt $name:ident $(. $more:ident)+ = $($rest:tt)*) => {
        $crate::__dotted!($to $head $speed $done (concat!(stringify!($name) $(, ".", stringify!($more))+)) $($rest)*)
    };

    ($to:tt $head:tt $speed:tt $done:tt $name:ident : $($rest:tt)*) => {
        compile_error!(concat!(
            "`", stringify!($name), ":` is no field: a field is `name = value`, and `logger:`, `target:` \
             and limits like `every_n:` stand before the event"
        ))
    };
    ($to:tt $head:tt $speed:tt $done:tt $($rest:tt)*) => {
        compile_error!(concat!(
            "expected a field: `name`, `name = value`, `\"name\" = value`, with `?` or `%` before the \
             value where wanted; found `",
            stringify!($($rest)*),
            "`"
        ))
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __dotted {
    ($to:tt $head:tt $speed:tt [$($done:tt)*] $name:tt ? $value:expr, $($rest:tt)*) => {
        $crate::__fields!($to $head slow [$($done)* $name v ($crate::AsDebug(&$value))] $($rest)*)
    };
    ($to:tt $head:tt $speed:tt [$($done:tt)*] $name:tt % $value:expr, $($rest:tt)*) => {
        $crate::__fields!($to $head slow [$($done)* $name v ($crate::AsDisplay(&$value))] $($rest)*)
    };
    ($to:tt $head:tt $speed:tt [$($done:tt)*] $name:tt $value:expr, $($rest:tt)*) => {
        $crate::__fields!($to $head $speed [$($done)* $name v ($value)] $($rest)*)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __emit {
    (log { $level:tt $logger:tt ($target:expr) $event:literal } $speed:tt [$(($name:expr) $var:ident $value:tt)*]) => {{
        static __LOGRING_CALLSITE: $crate::__private::Callsite = $crate::__private::Callsite::new(
            $level,
            $target,
            file!(),
            line!(),
            $event,
            &[$($name),*],
        );
        if let ::core::option::Option::Some(word) = __LOGRING_CALLSITE.enabled_by($level) {
            $crate::__emit!(import $speed);
            $crate::__emit!(logger $logger logger);
            if __LOGRING_CALLSITE.admit_by(word, $crate::__emit!(which $logger logger)) {
                match ($(&$value,)*) {
                    ($($var,)*) => $crate::__emit!($speed __LOGRING_CALLSITE $logger logger $($var)*),
                }
            }
        }
    }};
    (log { $level:tt $logger:tt ($target:expr) ($limit:ident ($most:expr) [$($extra:literal, $told:ident)?]) $event:literal } $speed:tt [$(($name:expr) $var:ident $value:tt)*]) => {{
        static __LOGRING_CALLSITE: $crate::__private::Callsite = $crate::__private::Callsite::new(
            $level,
            $target,
            file!(),
            line!(),
            $event,
            &[$($name,)* $($extra)?],
        );
        static __LOGRING_LIMIT: $crate::__private::$limit = $crate::__private::$limit::new();
        if let ::core::option::Option::Some(word) = __LOGRING_CALLSITE.enabled_by($level) {
            $crate::__emit!(import $speed);
            $crate::__emit!(logger $logger logger);
            if __LOGRING_CALLSITE.admit_by(word, $crate::__emit!(which $logger logger)) {
                if let ::core::option::Option::Some(_admitted) = __LOGRING_LIMIT.admit($most) {
                    $(let $told = &_admitted;)?
                    match ($(&$value,)*) {
                        ($($var,)*) => $crate::__emit!($speed __LOGRING_CALLSITE $logger logger $($var)* $($told)?),
                    }
                }
            }
        }
    }};
    (import fast) => {};
    (import slow) => {
        #[allow(unused_imports)]
        use $crate::__private::{ByError as _, ByNothing as _, ByReference as _, ByValue as _};
    };
    (logger () $logger:ident) => {};
    (logger ($given:expr) $logger:ident) => {
        let $logger: &$crate::Logger = $given;
    };
    (which () $logger:ident) => {
        &$crate::__private::DEFAULT
    };
    (which $given:tt $logger:ident) => {
        $logger
    };
    // More than a tuple of `Fields` has.
    (fast $callsite:ident $given:tt $logger:ident $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident
        $i:ident $j:ident $k:ident $l:ident $m:ident $n:ident $o:ident $p:ident $($var:ident)+) => {
        $crate::__emit!(many $callsite $given $logger $a $b $c $d $e $f $g $h $i $j $k $l $m $n $o $p $($var)+)
    };
    (fast $callsite:ident () $logger:ident $($var:ident)*) => {
        $crate::__private::Fields::emit(($($var,)*), &$callsite)
    };
    (fast $callsite:ident $given:tt $logger:ident $($var:ident)*) => {
        $crate::__private::Fields::emit_to(($($var,)*), &$callsite, $logger)
    };
    (many $callsite:ident $given:tt $logger:ident $($var:ident)+) => {
        if $($crate::__private::plain($var))&&+ {
            let len = 0 $(+ $crate::Value::encoded_len($var))+;
            let logger = $crate::__emit!(which $given $logger);
            let mut out = $crate::__private::begin(&$callsite, logger, len);
            if out.is_open() {
                $($crate::Value::encode($var, &mut out);)+
                $crate::__private::commit(out);
            }
        } else {
            $crate::__emit!(slow $callsite $given $logger $($var)+)
        }
    };
    (slow $callsite:ident $given:tt $logger:ident $($var:ident)*) => {
        $crate::__private::staged(&$callsite, $crate::__emit!(which $given $logger), &[$(&$var),*])
    };
    (kv {} $speed:tt [$(($name:expr) $var:ident $value:tt)*]) => {{
        const _: () = $crate::__private::check_names(&[$($name),*]);
        $crate::__emit!(import $speed);
        $crate::Pairs::new()$(.with_checked($name, &$value))*
    }};
}
