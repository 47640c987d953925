"""The words of times and lengths in every language that commands are said in: data, case and accents do not matter."""

from __future__ import annotations

from collections.abc import Mapping

HOURS = (
    *("h", "hr", "hrs", "hour", "hours", "std", "stunde", "stunden", "heure", "heures", "hora", "horas"),
    *("時間", "ساعة", "ساعات"),
)
MINUTES = (
    *("m", "min", "mins", "minute", "minutes", "minuten", "minuto", "minutos"),
    *("分", "分間", "دقيقة", "دقائق"),
)
DAYS = ("day", "days", "tag", "tage", "tagen", "jour", "jours", "día", "días", "日", "日間", "يوم", "أيام")
WEEKS = ("week", "weeks", "woche", "wochen", "semaine", "semaines", "semana", "semanas", "週間", "أسبوع", "أسابيع")

LENGTHS: Mapping[str, int] = {
    "an hour": 60,
    "half an hour": 30,
    "an hour and a half": 90,
    "eine stunde": 60,
    "einer stunde": 60,
    "eine halbe stunde": 30,
    "einer halben stunde": 30,
    "anderthalb stunden": 90,
    "eineinhalb stunden": 90,
    "une heure": 60,
    "une demi-heure": 30,
    "une heure et demie": 90,
    "una hora": 60,
    "media hora": 30,
    "una hora y media": 90,
    "ساعة": 60,
    "نصف ساعة": 30,
    "ساعة ونصف": 90,
    "ساعتين": 120,
}
"""Minutes of lengths without a number, said only after a word such as `for` or `in`."""

IN = ("in", "dans", "en", "dentro de", "بعد")
"""Before a length: so long from now."""
FROM_NOW = ("from now", "後", "後に")
"""After a length: the same."""
FOR = ("for", "für", "pendant", "pour", "durante", "por", "لمدة")
AT = ("at", "um", "à", "a", "a las", "a la", "الساعة", "في الساعة")
"""Before the time of a day, which may then be an hour alone."""
ON = ("on", "next", "am", "nächsten", "le", "el", "يوم")
"""Before a day."""
O_CLOCK = ("o'clock", "oclock", "uhr", "heures", "horas", "h")
"""After an hour alone."""
MORNING = ("am", "a.m", "de la mañana", "du matin", "صباحا")
AFTERNOON = ("pm", "p.m", "de la tarde", "de la noche", "du soir", "مساء")
"""After the hours of a clock with twelve."""
TIMES: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(("noon", "midday", "mittag", "midi", "mediodía", "正午", "الظهر"), (12, 0)),
    **dict.fromkeys(("midnight", "mitternacht", "minuit", "medianoche"), (0, 0)),
}

TODAY: Mapping[str, int] = {
    **dict.fromkeys(("today", "heute", "aujourd'hui", "hoy", "今日", "本日", "اليوم"), 0),
    **dict.fromkeys(("tomorrow", "tmrw", "morgen", "demain", "mañana", "明日", "あした", "غدا", "بكرة"), 1),
    **dict.fromkeys(("day after tomorrow", "the day after tomorrow", "übermorgen", "après-demain"), 2),
    **dict.fromkeys(("pasado mañana", "明後日", "あさって", "بعد غد"), 2),
}
"""How many days after today."""
WEEKDAYS = (
    ("monday", "mon", "montag", "lundi", "lunes", "月曜日", "月曜", "الاثنين"),
    ("tuesday", "tue", "tues", "dienstag", "mardi", "martes", "火曜日", "火曜", "الثلاثاء"),
    ("wednesday", "wed", "mittwoch", "mercredi", "miércoles", "水曜日", "水曜", "الأربعاء"),
    ("thursday", "thu", "thurs", "donnerstag", "jeudi", "jueves", "木曜日", "木曜", "الخميس"),
    ("friday", "fri", "freitag", "vendredi", "viernes", "金曜日", "金曜", "الجمعة"),
    ("saturday", "sat", "samstag", "samedi", "sábado", "土曜日", "土曜", "السبت"),
    ("sunday", "sun", "sonntag", "dimanche", "domingo", "日曜日", "日曜", "الأحد"),
)
"""From Monday on."""
