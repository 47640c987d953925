"""The words people say, by language and command: data, so that another language is another table.

English stands with each command as its own phrases, and always works; what is here is said besides. A command that is
not on the list of commands is not offered, whatever stands here. Case, accents and blanks do not matter.
"""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "de": {
        "meet": ("treffen jetzt", "jetzt treffen", "besprechung jetzt", "jetzt besprechung", "meeting jetzt"),
        "plan": ("treffen", "besprechung"),
        "dial-in": ("einwahl", "einwahlnummern", "telefonnummern"),
        "try-now": ("jetzt versuchen", "jetzt probieren"),
        "stop-trying": ("nicht mehr versuchen", "hör auf"),
        "ask-to-host": ("bitte jemanden zu hosten", "jemand anderes soll hosten"),
        "sign-in": ("anmelden", "einloggen"),
        "sign-out": ("abmelden", "ausloggen"),
        "help": ("hilfe",),
        "options": ("optionen",),
        "end": ("beenden", "besprechung beenden", "treffen beenden"),
        "reopen": ("wieder öffnen", "wiedereröffnen"),
        "status": ("wie steht es", "was läuft"),
        "recent": ("verlauf", "letzte besprechungen", "letzte treffen"),
        "settings": ("einstellungen",),
        "host": ("gastgeber", "leitung an"),
        "rename": ("umbenennen", "nenne es"),
        "ring": ("rufe an", "klingle"),
    },
    "fr": {
        "meet": ("réunion maintenant", "réunion immédiate", "on se réunit maintenant"),
        "plan": ("réunion",),
        "dial-in": ("numéros", "numéros de téléphone"),
        "try-now": ("essaie maintenant", "essayer maintenant"),
        "stop-trying": ("arrête d'essayer", "n'essaie plus"),
        "ask-to-host": ("demande à quelqu'un d'organiser",),
        "sign-in": ("connexion", "se connecter"),
        "sign-out": ("déconnexion", "se déconnecter"),
        "help": ("aide",),
        "options": ("mes options",),
        "end": ("terminer", "termine", "terminer la réunion"),
        "reopen": ("rouvrir", "rouvre"),
        "status": ("statut", "état"),
        "recent": ("récentes", "réunions récentes"),
        "settings": ("paramètres", "réglages"),
        "host": ("hôte", "nouvel hôte"),
        "rename": ("renommer", "renomme"),
        "ring": ("appelle", "appeler"),
    },
    "es": {
        "meet": ("reunión ahora", "reunirse ahora", "reunión inmediata"),
        "plan": ("reunión",),
        "dial-in": ("números", "números de teléfono"),
        "try-now": ("intenta ahora", "intentar ahora"),
        "stop-trying": ("deja de intentar", "no intentes más"),
        "ask-to-host": ("pide a alguien que organice",),
        "sign-in": ("iniciar sesión", "inicia sesión"),
        "sign-out": ("cerrar sesión", "cierra sesión"),
        "help": ("ayuda",),
        "options": ("opciones",),
        "end": ("terminar", "termina", "terminar la reunión"),
        "reopen": ("reabrir", "reabre"),
        "status": ("estado",),
        "recent": ("recientes", "reuniones recientes"),
        "settings": ("ajustes", "configuración"),
        "host": ("anfitrión", "nuevo anfitrión"),
        "rename": ("renombrar", "renombra"),
        "ring": ("llama a", "llamar a"),
    },
    "ja": {
        "meet": ("今すぐ会議", "今すぐミーティング", "今から会議", "会議 今すぐ"),
        "plan": ("会議", "ミーティング"),
        "dial-in": ("電話番号", "ダイヤルイン"),
        "try-now": ("今すぐ試す", "今すぐ再試行"),
        "stop-trying": ("試行をやめる", "もう試さない"),
        "ask-to-host": ("開催者を頼む",),
        "sign-in": ("サインイン", "ログイン"),
        "sign-out": ("サインアウト", "ログアウト"),
        "help": ("ヘルプ", "使い方"),
        "options": ("オプション",),
        "end": ("終了", "会議を終了"),
        "reopen": ("再開", "会議を再開"),
        "status": ("状況", "ステータス"),
        "recent": ("履歴", "最近の会議"),
        "settings": ("設定",),
        "host": ("ホスト", "開催者"),
        "rename": ("名前変更", "件名変更"),
        "ring": ("呼び出す", "呼び出し"),
    },
    "ar": {
        "meet": ("اجتماع الآن", "اجتمع الآن", "الآن اجتماع", "اجتماع فوري"),
        "plan": ("اجتماع",),
        "dial-in": ("أرقام الهاتف", "أرقام الاتصال"),
        "try-now": ("حاول الآن",),
        "stop-trying": ("توقف عن المحاولة", "أوقف المحاولة"),
        "ask-to-host": ("اطلب من أحد أن يستضيف",),
        "sign-in": ("تسجيل الدخول", "سجل الدخول"),
        "sign-out": ("تسجيل الخروج", "سجل الخروج"),
        "help": ("مساعدة", "ساعدني"),
        "options": ("خيارات", "الخيارات"),
        "end": ("إنهاء", "إنهاء الاجتماع"),
        "reopen": ("إعادة فتح", "أعد الفتح"),
        "status": ("الحالة", "حالة"),
        "recent": ("الأخيرة", "آخر الاجتماعات"),
        "settings": ("الإعدادات", "إعدادات"),
        "host": ("المضيف", "مضيف"),
        "rename": ("إعادة تسمية", "سم الاجتماع"),
        "ring": ("اتصل ب", "رن على"),
    },
}

POLITE = (
    *("please", "pls", "plz", "thanks", "thank you", "thx"),
    *("bitte", "bitte schön", "danke", "danke schön"),
    *("s'il te plaît", "s'il vous plaît", "svp", "stp", "merci"),
    *("por favor", "gracias"),
    *("お願い", "お願いします", "ください", "ありがとう"),
    *("من فضلك", "من فضلكم", "لو سمحت", "لو سمحتم", "شكرا"),
)
"""What means nothing at either end of a line."""

ASKS = (
    # Another time
    *("today", "tonight", "tomorrow", "later", "soon", "next", "week", "weekend", "month", "yesterday", "until"),
    *("at", "in", "morning", "afternoon", "evening", "noon", "midnight", "tmrw", "o'clock", "when"),
    *("heute", "morgen", "übermorgen", "später", "nachher", "nächste", "nächsten", "woche", "gestern", "um", "wann"),
    *("vormittag", "nachmittag", "abend", "aujourd'hui", "demain", "tard", "bientôt", "semaine", "hier"),
    *("matin", "soir", "midi", "quand", "hoy", "mañana", "luego", "después", "tarde", "semana", "ayer", "cuándo"),
    *("今日", "明日", "明後日", "来週", "あとで", "後で", "昨日", "いつ", "اليوم", "غدا", "لاحقا", "أمس", "متى", "الأسبوع"),
    # No
    *("no", "not", "never", "don't", "dont", "can't", "cant", "won't", "isn't", "aren't", "wasn't", "off", "cancel"),
    *("cancels", "cancelled", "canceled", "postponed", "postpone", "moved", "over", "done", "nicht", "nein", "kein"),
    *("keine", "abgesagt", "verschoben", "absagen", "pas", "non", "annulée", "annulé", "annuler", "reportée", "nunca"),
    *("cancelada", "cancelado", "cancelar", "aplazada", "中止", "延期", "キャンセル", "なし", "لا", "ليس", "ألغي", "إلغاء", "مؤجل"),
    # A question, or talk about meetings
    *("is", "are", "was", "were", "will", "would", "can", "could", "shall", "should", "does", "did", "do", "has", "had"),
    *("who", "what", "where", "why", "how", "which", "whether", "works", "me", "you", "us", "them", "my", "your"),
    *("ist", "sind", "wer", "was", "wo", "warum", "wieso", "wie", "welche", "können", "kann", "sollen", "soll"),
    *("est", "était", "qui", "quoi", "où", "pourquoi", "comment", "quel", "quelle", "peut", "es", "fue", "quién", "qué"),
    *("dónde", "por qué", "cómo", "cuál", "puede", "誰", "何", "どこ", "なぜ", "هل", "من", "ماذا", "أين", "لماذا", "كيف"),
)
"""Words after a bare `meet` that smell of another time, of a no or of a question (EXPERIENCE 1.12)."""

ASKED_WITH = ("?", "؟")
"""What ends a question; full-width ones are these by then."""
