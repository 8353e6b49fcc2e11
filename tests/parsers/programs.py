"""What mail programs write above the mail that is answered, by program and language."""

WHO = "Grid Helpdesk"
AT = "support@helpdesk.example"

# Program -> language -> the line above a quote with bars.
ATTRIBUTIONS = {
    "Gmail": {
        "English": f"On Mon, Nov 23, 2026 at 9:00 AM {WHO} <{AT}> wrote:",
        "British": f"On Mon, 23 Nov 2026 at 09:00, {WHO} <{AT}> wrote:",
        "German": f"Am Mo., 23. Nov. 2026 um 09:00 Uhr schrieb {WHO} <{AT}>:",
        "French": f"Le lun. 23 nov. 2026 à 09:00, {WHO} <{AT}> a écrit :",
        "Italian": f"Il giorno lun 23 nov 2026 alle ore 09:00 {WHO} <{AT}> ha scritto:",
        "Spanish": f"El lun, 23 nov 2026 a las 9:00, {WHO} (<{AT}>) escribió:",
        "Polish": f"pon., 23 lis 2026 o 09:00 {WHO} <{AT}> napisał(a):",
        "Czech": f"po 23. 11. 2026 v 9:00 odesílatel {WHO} <{AT}> napsal:",
        "Dutch": f"Op ma 23 nov 2026 om 09:00 schreef {WHO} <{AT}>:",
        "Portuguese": f"{WHO} <{AT}> escreveu (segunda, 23/11/2026 à(s) 09:00):",
        "Brazilian": f"Em seg., 23 de nov. de 2026 às 09:00, {WHO} <{AT}> escreveu:",
        "Russian": f"пн, 23 нояб. 2026\u202fг. в 09:00, {WHO} <{AT}>:",  # noqa: RUF001 - Russian
        "Japanese": f"2026年11月23日(月) 9:00 {WHO} <{AT}>:",
        "Chinese": f"{WHO} <{AT}> 于2026年11月23日周一 09:00写道\uff1a",
        "Taiwanese": f"{WHO} <{AT}> 於 2026年11月23日 週一 上午9:00寫道\uff1a",
        "Korean": f"2026년 11월 23일 (월) 오전 9:00, {WHO} <{AT}>님이 작성:",
        "Swedish": f"Den mån 23 nov. 2026 kl 09:00 skrev {WHO} <{AT}>:",
        "Danish": f"Den man. 23. nov. 2026 kl. 09.00 skrev {WHO} <{AT}>:",
        "Finnish": f"ma 23. marrask. 2026 klo 9.00 {WHO} ({AT}) kirjoitti:",
    },
    "Apple Mail": {
        "English": f"On Nov 23, 2026, at 9:00\u202fAM, {WHO} <{AT}> wrote:",
        "British": f"On 23 Nov 2026, at 09:00, {WHO} <{AT}> wrote:",
        "German": f"Am 23.11.2026 um 09:00 schrieb {WHO} <{AT}>:",
        "French": f"Le 23 nov. 2026 à 09:00, {WHO} <{AT}> a écrit :",
        "Italian": f"Il giorno 23 nov 2026, alle ore 09:00, {WHO} <{AT}> ha scritto:",
        "Spanish": f"El 23 nov 2026, a las 9:00, {WHO} <{AT}> escribió:",
        "Polish": f"Wiadomość napisana przez {WHO} <{AT}> w dniu 23 lis 2026, o godz. 09:00:",
        "Czech": f"23. 11. 2026 v 9:00, {WHO} <{AT}>:",
        "Dutch": f"Op 23 nov. 2026 om 09:00 heeft {WHO} <{AT}> het volgende geschreven:",
        "Portuguese": f"No dia 23/11/2026, às 09:00, {WHO} <{AT}> escreveu:",
        "Brazilian": f"Em 23 de nov. de 2026, à(s) 09:00, {WHO} <{AT}> escreveu:",
        "Russian": f"23 нояб. 2026 г., в 09:00, {WHO} <{AT}> написал(а):",  # noqa: RUF001 - Russian
        "Japanese": f"2026/11/23 9:00、{WHO} <{AT}>のメール:",
        "Chinese": f"在 2026年11月23日\uff0c09:00\uff0c{WHO} <{AT}> 写道\uff1a",
    },
    "Thunderbird": {
        "English": f"On 11/23/26 09:00, {WHO} wrote:",
        "British": f"On 23/11/2026 09:00, {WHO} via Users wrote:",
        "German": f"Am 23.11.26 um 09:00 schrieb {WHO}:",
        "French": f"Le 23/11/2026 à 09:00, {WHO} a écrit :",
        "Italian": f"Il 23/11/26 09:00, {WHO} ha scritto:",
        "Spanish": f"El 23/11/26 a las 9:00, {WHO} escribió:",
        "Polish": f"W dniu 23.11.2026 o 09:00, {WHO} pisze:",
        "Czech": f"Dne 23. 11. 26 v 9:00 {WHO} napsal(a):",
        "Dutch": f"Op 23-11-2026 om 09:00 schreef {WHO}:",
        "Portuguese": f"Às 09:00 de 23/11/2026, {WHO} escreveu:",
        "Brazilian": f"Em 23/11/2026 09:00, {WHO} escreveu:",
        "Russian": f"23.11.2026 09:00, {WHO} пишет:",
        "Japanese": f"On 2026/11/23 9:00, {WHO} wrote:",
        "Chinese": f"在 2026/11/23 9:00, {WHO} 写道:",
    },
    "mutt": {
        "English": f"On Mon, Nov 23, 2026 at 09:00:00AM +0100, {WHO} wrote:",
        "of long ago": f"* {WHO} <{AT}> [2026-11-23 09:00]:",
    },
    "Alpine": {"English": f"On Mon, 23 Nov 2026, {WHO} wrote:"},
    "K-9": {
        "English": f"On November 23, 2026 9:00:00 AM GMT+01:00, {WHO} <{AT}> wrote:",
        "German": f"Am 23. November 2026 09:00:00 MEZ schrieb {WHO} <{AT}>:",
        "French": f"Le 23 novembre 2026 09:00:00 GMT+01:00, {WHO} <{AT}> a écrit :",
    },
    "Proton": {
        "English": f"On Monday, November 23rd, 2026 at 9:00 AM, {WHO} <{AT}> wrote:",
        "German": f"Am Montag, 23. November 2026 um 09:00 schrieb {WHO} <{AT}>:",
        "French": f"Le lundi 23 novembre 2026 à 09:00, {WHO} <{AT}> a écrit :",
    },
    "NetEase": {
        "English": f'At 2026-11-23 09:00:00, "{WHO}" <{AT}> wrote:',
        "Chinese": f'在 2026-11-23 09:00:00\uff0c"{WHO}" <{AT}> 写道\uff1a',
    },
}

# The keys of a written-out header (Outlook for the desktop, web, telephones), by language.
HEADERS = {
    "English": ("From", "Sent", "To", "Cc", "Subject", "Monday, November 23, 2026 9:00 AM"),
    "German": ("Von", "Gesendet", "An", "Cc", "Betreff", "Montag, 23. November 2026 09:00"),
    "French": ("De\u00a0", "Envoyé\u00a0", "À\u00a0", "Cc\u00a0", "Objet\u00a0",
               "lundi 23 novembre 2026 09:00"),
    "Italian": ("Da", "Inviato", "A", "Cc", "Oggetto", "lunedì 23 novembre 2026 09:00"),
    "Spanish": ("De", "Enviado", "Para", "CC", "Asunto", "lunes, 23 de noviembre de 2026 9:00"),
    "Spanish, desktop": ("De", "Enviado el", "Para", "CC", "Asunto",
                         "lunes, 23 de noviembre de 2026 9:00"),
    "Polish": ("Od", "Wysłane", "Do", "DW", "Temat", "poniedziałek, 23 listopada 2026 09:00"),
    "Polish, desktop": ("Od", "Wysłano", "Do", "DW", "Temat", "poniedziałek, 23 listopada 2026"),
    "Czech": ("Od", "Odesláno", "Komu", "Kopie", "Předmět", "pondělí 23. listopadu 2026 9:00"),
    "Dutch": ("Van", "Verzonden", "Aan", "CC", "Onderwerp", "maandag 23 november 2026 09:00"),
    "Portuguese": ("De", "Enviado", "Para", "Cc", "Assunto", "23 de novembro de 2026 09:00"),
    "Brazilian": ("De", "Enviada em", "Para", "Cc", "Assunto", "segunda-feira, 23 de novembro"),
    "Russian": ("От", "Отправлено", "Кому", "Копия", "Тема",
                "23 ноября 2026 г. 9:00"),  # noqa: RUF001 - Russian
    "Japanese": ("差出人", "送信日時", "宛先", "CC", "件名", "2026年11月23日 9:00"),
    "Chinese": ("发件人", "发送时间", "收件人", "抄送", "主题", "2026年11月23日 9:00"),
    "Taiwanese": ("寄件者", "寄件日期", "收件者", "副本", "主旨", "2026年11月23日 上午 09:00"),
}  # fmt: skip

# The last line that a telephone or a program adds of itself.
DEVICES = (
    "Sent from my iPhone", "Von meinem iPhone gesendet", "Envoyé de mon iPhone",
    "Inviato da iPhone", "Enviado desde mi iPhone", "Enviado do meu iPhone",
    "Wysłane z iPhone\u2019a", "Odesláno z iPhonu", "Verstuurd vanaf mijn iPhone",
    "Отправлено с iPhone",  # noqa: RUF001 - Russian
    "iPhoneから送信", "发自我的iPhone", "從我的iPhone傳送",
    "Get Outlook for Android<https://aka.example/x>", "Sent from Outlook for iOS",
    "Holen Sie sich Outlook für iOS", "Télécharger Outlook pour iOS",
    "Obtener Outlook para Android", "Scarica Outlook per iOS",
    "Pobierz aplikację Outlook dla systemu iOS",
    "Sent with Proton Mail secure email.", "Sent from Proton Mail Android",
    "Sent from my Android device with K-9 Mail. Please excuse my brevity.",
    "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
)  # fmt: skip
