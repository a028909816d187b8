//! The requests and responses of the operations of surveys.

use heymarket_api::types::{ListSurveys, Survey, SurveyType};
use serde_json::json;

use crate::support::time;

super::wire_tests! {
    get_survey {
        call: |client| async move { client.get_survey(8101).await },
        sends: ("GET /v1/survey/8101", ""),
        answers: r#"{
            "id": 8101, "name": "Invented survey", "type": "nps",
            "question": "How likely is it, from 0 to 10?",
            "created": "2026-05-01T09:00:00Z", "updated": "2026-05-07T12:00:00.02146Z"
        }"#,
        reads: |survey: Survey| {
            assert_eq!(survey.id, 8101);
            assert_eq!(survey.name.as_deref(), Some("Invented survey"));
            assert_eq!(survey.type_, Some(SurveyType::Nps));
            let question = "How likely is it, from 0 to 10?";
            assert_eq!(survey.question.as_deref(), Some(question));
            assert_eq!(survey.created, Some(time("2026-05-01T09:00:00Z")));
            assert_eq!(survey.updated, Some(time("2026-05-07T12:00:00.02146Z")));
        },
    }
    list_surveys {
        call: |client| async move {
            client.list_surveys(&ListSurveys::new().limit(10).page(1)).await
        },
        sends: ("POST /v1/surveys", r#"{"limit":10,"page":1}"#),
        answers: r#"[{"id": 8101, "type": "csat"}, {"id": 8102}]"#,
        reads: |surveys: Vec<Survey>| {
            assert_eq!(surveys.len(), 2);
            assert_eq!((surveys[0].id, &surveys[0].type_), (8101.into(), &Some(SurveyType::Csat)));
            assert_eq!(serde_json::to_value(&surveys[1]).expect("JSON"), json!({ "id": 8102 }));
        },
    }
}

#[test]
fn the_type_of_a_survey_is_known_in_either_case() {
    let type_ = |text: &str| {
        let body = json!({ "id": 1, "type": text });
        let survey: Survey = serde_json::from_value(body).expect("a survey");
        survey.type_
    };
    for text in ["nps", "NPS"] {
        assert_eq!(type_(text), Some(SurveyType::Nps), "{text}");
    }
    for text in ["csat", "CSAT"] {
        assert_eq!(type_(text), Some(SurveyType::Csat), "{text}");
    }
    let unknown = SurveyType::Unknown("Invented".to_owned());
    assert_eq!(type_("Invented"), Some(unknown));
}
