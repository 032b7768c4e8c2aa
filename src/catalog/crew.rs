use std::num::NonZeroUsize;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;

/// How many threads a load may take: all of the machine when nothing is served yet, and half of it beside a
/// catalog that serves.
pub(super) fn hands(beside_serving: bool) -> usize {
    let all = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    if beside_serving { (all / 2).max(1) } else { all }
}

/// Does `work` for every item on up to `hands` threads; the results are in the order of the items.
///
/// Each thread has tools of its own, made when it first needs them. Little work is done where it is asked for.
pub(super) fn each<T: Sync, Tools: Default, R: Send>(
    items: &[T],
    hands: usize,
    work: impl Fn(&mut Tools, &T) -> R + Sync,
) -> Vec<R> {
    let hands = hands.min(items.len() / WORTH_A_THREAD);
    if hands < 2 {
        let mut tools = Tools::default();
        return items.iter().map(|item| work(&mut tools, item)).collect();
    }
    let next = AtomicUsize::new(0);
    let one = || {
        let mut tools = Tools::default();
        let mut done = Vec::new();
        loop {
            let first = next.fetch_add(A_HANDFUL, Ordering::Relaxed);
            let Some(rest) = items.get(first..).filter(|rest| !rest.is_empty()) else {
                return done;
            };
            let results = rest.iter().take(A_HANDFUL).map(|item| work(&mut tools, item));
            done.push((first, results.collect::<Vec<R>>()));
        }
    };
    let mut done = thread::scope(|scope| {
        let threads: Vec<_> = (1..hands).map(|_| scope.spawn(one)).collect();
        let mut done = one();
        for thread in threads {
            match thread.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(first, _)| *first);
    done.into_iter().flat_map(|(_, results)| results).collect()
}

/// Fewer items for each thread are done sooner than a thread is started.
const WORTH_A_THREAD: usize = 8;
const A_HANDFUL: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        for count in [0, 1, 7, 16, 17, 1_000] {
            let items: Vec<usize> = (0..count).collect();
            for hands in [1, 2, 5] {
                let doubled = each(&items, hands, |(): &mut (), item| item * 2);
                assert_eq!(doubled, items.iter().map(|item| item * 2).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    #[should_panic(expected = "the item 40")]
    fn a_panic_is_not_swallowed() {
        let items: Vec<usize> = (0..100).collect();
        each(&items, 4, |(): &mut (), item| {
            assert!(*item != 40, "the item {item}")
        });
    }
}
