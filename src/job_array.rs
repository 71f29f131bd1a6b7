//! Which part of a sweep a job of an array runs, from the variables that schedulers set.

use crate::parts::Shard;
use anyhow::{Context, Result, bail};

/// What a scheduler says: the place in the array from 0, and its length where it says that too.
struct ArrayPlace {
    index: u32,
    of: Option<u32>,
}

/// Reads `--shard`: `2/8`, or `auto` and `auto/8` for what the scheduler says.
///
/// # Errors
/// If it is none of these, or no scheduler says which job this is.
pub fn shard(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Shard> {
    let expected = || format!("--shard {text}: expected a part such as 2/8, or auto in a job array");
    if text == "auto" || text.starts_with("auto/") {
        let place = place(variable)?.context(
            "--shard auto: this is no job of an array (SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX and AWS_BATCH_JOB_ARRAY_INDEX are not set)",
        )?;
        let named = text.strip_prefix("auto/").map(|of| of.parse().with_context(expected)).transpose()?;
        let of = named
            .or(place.of)
            .context("--shard auto: the scheduler does not say how many jobs there are; write auto/8")?;
        return part(place.index + 1, of, text);
    }
    let (number, of) = text.split_once('/').with_context(expected)?;
    part(number.parse().with_context(expected)?, of.parse().with_context(expected)?, text)
}

fn part(number: u32, of: u32, text: &str) -> Result<Shard> {
    if number == 0 || number > of {
        bail!("--shard {text}: there is no part {number} of {of}; parts are counted from 1");
    }
    Ok(Shard { number, of })
}

/// Slurm, Kubernetes' indexed jobs, AWS Batch.
fn place(variable: &dyn Fn(&str) -> Option<String>) -> Result<Option<ArrayPlace>> {
    let number = |name: &str| {
        let value = variable(name).map(|text| text.trim().parse::<u32>().with_context(|| format!("{name} is {text}")));
        value.transpose()
    };
    if let Some(id) = number("SLURM_ARRAY_TASK_ID")? {
        let (least, step) =
            (number("SLURM_ARRAY_TASK_MIN")?.unwrap_or(0), number("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1));
        let (of, off) = (number("SLURM_ARRAY_TASK_COUNT")?, id.saturating_sub(least));
        let index = off / step.max(1);
        if off % step.max(1) != 0 || of.is_some_and(|of| index >= of) {
            bail!("--shard auto: the ids of this array are not evenly spaced; use --array=0-7 or --shard 2/8");
        }
        return Ok(Some(ArrayPlace { index, of }));
    }
    if let Some(index) = number("AWS_BATCH_JOB_ARRAY_INDEX")? {
        return Ok(Some(ArrayPlace { index, of: number("AWS_BATCH_JOB_ARRAY_SIZE")? }));
    }
    // Kubernetes tells a pod its index and not how many there are.
    Ok(number("JOB_COMPLETION_INDEX")?.map(|index| ArrayPlace { index, of: None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, variables: &[(&str, &str)]) -> Result<(u32, u32), String> {
        let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        shard(text, &variable).map(|s| (s.number, s.of)).map_err(|e| format!("{e:#}"))
    }

    #[test]
    fn parts_are_counted_from_one() {
        assert_eq!(read("2/8", &[]), Ok((2, 8)));
        for wrong in ["0/8", "9/8", "8", "a/b", "1/0", "auto"] {
            assert!(read(wrong, &[]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn schedulers_are_understood() {
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "9"),
            ("SLURM_ARRAY_TASK_MIN", "1"),
            ("SLURM_ARRAY_TASK_STEP", "4"),
            ("SLURM_ARRAY_TASK_COUNT", "5"),
        ];
        assert_eq!(read("auto", &slurm), Ok((3, 5)));
        assert!(
            read("auto", &[("SLURM_ARRAY_TASK_ID", "22"), ("SLURM_ARRAY_TASK_COUNT", "4")])
                .unwrap_err()
                .contains("evenly")
        );
        let batch = [("AWS_BATCH_JOB_ARRAY_INDEX", "0"), ("AWS_BATCH_JOB_ARRAY_SIZE", "10")];
        assert_eq!(read("auto", &batch), Ok((1, 10)));
        assert_eq!(read("auto/6", &[("JOB_COMPLETION_INDEX", "5")]), Ok((6, 6)));
        assert!(read("auto", &[("JOB_COMPLETION_INDEX", "5")]).unwrap_err().contains("auto/8"));
    }
}
