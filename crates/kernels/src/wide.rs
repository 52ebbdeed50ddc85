//! One loop, compiled for the vectors of each generation of processor; which of them runs is
//! decided where it runs. No sum is reordered and nothing is contracted, so all of them give the
//! same bits.

/// A function whose loops are compiled for AVX-512, for AVX2, and for any processor.
macro_rules! wide {
    ($(#[$note:meta])* $seen:vis fn $name:ident($($argument:ident: $kind:ty),* $(,)?) $body:block) => {
        $(#[$note])*
        #[allow(clippy::too_many_arguments, reason = "loops take their slices one by one")]
        $seen fn $name($($argument: $kind),*) {
            #[inline(always)]
            #[allow(clippy::inline_always, clippy::too_many_arguments)]
            fn anywhere($($argument: $kind),*) $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2")]
                #[allow(clippy::too_many_arguments)]
                fn v4($($argument: $kind),*) {
                    anywhere($($argument),*);
                }
                #[target_feature(enable = "avx2")]
                #[allow(clippy::too_many_arguments)]
                fn v3($($argument: $kind),*) {
                    anywhere($($argument),*);
                }
                let found = |all: [bool; 4]| all.into_iter().all(|one| one);
                if std::arch::is_x86_feature_detected!("avx2") {
                    if found([
                        std::arch::is_x86_feature_detected!("avx512f"),
                        std::arch::is_x86_feature_detected!("avx512vl"),
                        std::arch::is_x86_feature_detected!("avx512bw"),
                        std::arch::is_x86_feature_detected!("avx512dq"),
                    ]) {
                        // SAFETY: `v4` is safe code; all it asks for is a processor with the
                        // features that it was compiled for, and this one has just said so.
                        #[expect(unsafe_code, reason = "features are found where it runs")]
                        return unsafe { v4($($argument),*) };
                    }
                    // SAFETY: as above, for AVX2.
                    #[expect(unsafe_code, reason = "features are found where it runs")]
                    return unsafe { v3($($argument),*) };
                }
            }
            anywhere($($argument),*);
        }
    };
}

pub(crate) use wide;
