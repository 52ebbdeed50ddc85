//! What readings are for: some uses are refused.

/// A use that this program is not for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// People at work.
    #[error(
        "limbic is not for monitoring people at work; use it for something else, or not at all"
    )]
    Workplace,
    /// People who learn.
    #[error(
        "limbic is not for monitoring people in education; use it for something else, or not at all"
    )]
    Education,
    /// People who look for work.
    #[error("limbic is not for judging people in hiring; use it for something else, or not at all")]
    Hiring,
    /// A purpose that says nothing, or too much.
    #[error("say the purpose in 3 to 200 characters, without control characters")]
    Unsaid,
}

/// Beginnings of words that name a use, in some languages; a beginning that ends with `$` is a
/// whole word.
const NAMED: [(Refusal, &[&str]); 3] = [
    (
        Refusal::Hiring,
        &[
            "hiring",
            "hire$",
            "hires$",
            "recruit",
            "candidate",
            "applicant",
            "job interview",
            "interviewee",
            "talent acquisition",
            "bewerb",
            "recrut",
            "embauche",
            "contratación",
            "selección de personal",
        ],
    ),
    (
        Refusal::Education,
        &[
            "student",
            "pupil",
            "classroom",
            "school",
            "education",
            "proctor",
            "exam$",
            "exams$",
            "examination",
            "teaching",
            "learner",
            "lecture",
            "schüler",
            "schule",
            "unterricht",
            "élève",
            "école",
            "étudiant",
            "alumno",
            "escuela",
            "estudiante",
        ],
    ),
    (
        Refusal::Workplace,
        &[
            "employee",
            "employer",
            "workplace",
            "workforce",
            "worker",
            "staff",
            "colleague",
            "call agent",
            "call center",
            "call centre",
            "productivity",
            "work performance",
            "human resources",
            "hr$",
            "mitarbeiter",
            "arbeitsplatz",
            "angestellte",
            "belegschaft",
            "salarié",
            "employé",
            "empleado",
            "lugar de trabajo",
        ],
    ),
];

/// A declared purpose, as it may be written to the audit log.
///
/// # Errors
/// The [`Refusal`] of what it names.
pub fn declared(purpose: &str) -> Result<String, Refusal> {
    let purpose = purpose.trim();
    let length = purpose.chars().count();
    if !(3..=200).contains(&length) || purpose.chars().any(char::is_control) {
        return Err(Refusal::Unsaid);
    }
    let words: Vec<String> = purpose
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let spaced = format!(" {} ", words.join(" "));
    for (refusal, beginnings) in NAMED {
        let named = |beginning: &&str| match beginning.strip_suffix('$') {
            Some(whole) => spaced.contains(&format!(" {whole} ")),
            None => spaced.contains(&format!(" {beginning}")),
        };
        if beginnings.iter().any(named) {
            return Err(refusal);
        }
    }
    Ok(purpose.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monitoring_at_work_in_education_and_in_hiring_is_refused() {
        for (purpose, refusal) in [
            ("monitor our Employees' mood", Refusal::Workplace),
            ("call-centre quality", Refusal::Workplace),
            ("for HR", Refusal::Workplace),
            ("Stimmung am Arbeitsplatz", Refusal::Workplace),
            ("attention of students", Refusal::Education),
            ("proctoring an exam", Refusal::Education),
            ("ranking job-interview videos", Refusal::Hiring),
            ("RECRUITING", Refusal::Hiring),
            ("", Refusal::Unsaid),
            ("a\nb c d", Refusal::Unsaid),
        ] {
            assert_eq!(declared(purpose), Err(refusal), "{purpose}");
        }
        for purpose in ["a study of acted speech", "captions for my films", "personality quiz"] {
            assert_eq!(declared(purpose).as_deref(), Ok(purpose));
        }
    }
}
