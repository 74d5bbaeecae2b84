"""What WhatsApp itself writes into exports, by language: data only, no rules.

A new language is new entries here. Phrases are compared without invisible marks, case and the final
dot. Languages: en, ru, uk, de, es, pt, fr, it, nl, pl, tr.
"""

from __future__ import annotations

from typing import Final

# Whole text of a message whose media stayed on the phone -> content type.
OMITTED: Final[dict[str, tuple[str, ...]]] = {
    "other": (
        "<media omitted>", "<без медиафайлов>", "<файл пропущен>", "<медиа отсутствует>",
        "<медіа пропущено>", "<без медіафайлів>", "<medien ausgeschlossen>", "<multimedia omitido>",
        "<archivo omitido>", "<mídia oculta>", "<arquivo de mídia oculto>",
        "<ficheiro não revelado>",
        "<médias omis>", "<fichier omis>", "<media omessi>", "<media weggelaten>",
        "<pominięto multimedia>", "<medya dahil edilmedi>", "media omitted",
    ),
    "image": (
        "image omitted", "photo omitted", "изображение отсутствует", "фото отсутствует",
        "зображення пропущено", "bild weggelassen", "imagen omitida", "imagem ocultada",
        "imagem omitida", "image absente", "immagine omessa", "afbeelding weggelaten",
        "pominięto grafikę", "görüntü dahil edilmedi", "gif omitted", "gif отсутствует",
        "gif weggelassen", "gif omitido", "gif absent", "gif esclusa", "gif weggelaten",
    ),
    "video": (
        "video omitted", "video note omitted", "видео отсутствует", "видеосообщение отсутствует",
        "відео пропущено", "video weggelassen", "video omitido", "vídeo omitido", "vídeo ocultado",
        "vidéo absente", "video omesso", "pominięto wideo", "video dahil edilmedi",
        "videonachricht weggelassen",
    ),
    "voice": (
        "audio omitted", "voice message omitted", "аудиофайл отсутствует",
        "голосовое сообщение отсутствует", "аудіо пропущено", "audio weggelassen",
        "sprachnachricht weggelassen", "audio omitido", "áudio ocultado", "áudio omitido",
        "audio omis", "audio omesso", "audio weggelaten", "pominięto audio", "ses dahil edilmedi",
    ),
    "sticker": (
        "sticker omitted", "стикер не добавлен", "стикер отсутствует", "стікер пропущено",
        "sticker weggelassen", "sticker omitido", "figurinha omitida", "sticker absent",
        "sticker non incluso", "sticker weggelaten", "naklejka pominięta",
        "çıkartma dahil edilmedi",
    ),
    "contact": (
        "contact card omitted", "карточка контакта отсутствует", "картку контакту пропущено",
        "kontaktkarte ausgelassen", "tarjeta de contacto omitida", "cartão do contato omitido",
        "fiche de contact absente", "scheda contatto omessa", "contactkaart weggelaten",
    ),
    "file": (
        "document omitted", "документ отсутствует", "документ пропущено", "dokument weggelassen",
        "documento omitido", "document absent", "documento omesso", "document weggelaten",
        "pominięto dokument", "belge dahil edilmedi",
    ),
}  # fmt: skip

# «name.ext (file attached)», Android.
FILE_ATTACHED: Final = (
    "file attached", "файл добавлен", "файл додано", "datei angehängt", "archivo adjunto",
    "arquivo anexado", "ficheiro anexado", "fichier joint", "file allegato", "bestand bijgevoegd",
    "plik dołączony", "plik załączony", "dosya ekli",
)  # fmt: skip

# «<attached: name.ext>», iOS.
ATTACHED: Final = (
    "attached", "вложено", "прикреплено", "прикріплено", "вкладено", "anhang", "adjunto", "anexado",
    "anexo", "pièce jointe", "allegato", "bijgevoegd", "bijlage", "załącznik", "eklendi",
)  # fmt: skip

DELETED: Final = (
    "this message was deleted", "you deleted this message", "this message has been deleted",
    "данное сообщение удалено", "вы удалили данное сообщение", "это сообщение удалено",
    "вы удалили это сообщение", "сообщение удалено",
    "це повідомлення видалено", "ви видалили це повідомлення", "повідомлення видалено",
    "diese nachricht wurde gelöscht", "du hast diese nachricht gelöscht",
    "se eliminó este mensaje", "eliminaste este mensaje", "este mensaje fue eliminado",
    "mensagem apagada", "você apagou esta mensagem", "esta mensagem foi apagada",
    "apagou esta mensagem", "apagaste esta mensagem",
    "ce message a été supprimé", "vous avez supprimé ce message",
    "questo messaggio è stato eliminato", "hai eliminato questo messaggio",
    "dit bericht is verwijderd", "u hebt dit bericht verwijderd", "je hebt dit bericht verwijderd",
    "ta wiadomość została usunięta", "usunięto tę wiadomość", "usunąłeś tę wiadomość",
    "bu mesaj silindi", "bu mesajı sildiniz",
)  # fmt: skip

# A group's admin deleted it: a name follows.
DELETED_BY_ADMIN: Final = (
    "this message was deleted by admin", "сообщение удалено администратором",
    "данное сообщение удалено администратором", "diese nachricht wurde vom admin",
    "diese nachricht wurde von admin", "este mensaje fue eliminado por",
    "esta mensagem foi apagada pelo admin", "ce message a été supprimé par l’admin",
    "ce message a été supprimé par l'admin",
)  # fmt: skip

# Suffix of the last text of an edited message, in angle brackets.
EDITED: Final = (
    "this message was edited", "сообщение изменено", "повідомлення змінено",
    "diese nachricht wurde bearbeitet", "se editó este mensaje", "este mensaje fue editado",
    "mensagem editada", "esta mensagem foi editada", "ce message a été modifié",
    "questo messaggio è stato modificato", "dit bericht is bewerkt", "bericht bewerkt",
    "wiadomość została zmieniona", "bu mesaj düzenlendi",
)  # fmt: skip

CALLS: Final[dict[str, tuple[str, ...]]] = {
    "missed_voice_call": (
        "missed voice call", "missed group voice call", "пропущенный аудиозвонок",
        "пропущенный групповой аудиозвонок", "пропущений аудіодзвінок", "verpasster sprachanruf",
        "verpasster anruf", "llamada perdida", "llamada de voz perdida", "chamada de voz perdida",
        "chamada perdida", "appel vocal manqué", "chiamata vocale persa", "gemiste spraakoproep",
        "nieodebrane połączenie głosowe", "cevapsız sesli arama",
    ),
    "missed_video_call": (
        "missed video call", "missed group video call", "пропущенный видеозвонок",
        "пропущенный групповой видеозвонок", "пропущений відеодзвінок", "verpasster videoanruf",
        "videollamada perdida", "chamada de vídeo perdida", "videochamada perdida",
        "appel vidéo manqué", "videochiamata persa", "gemiste video-oproep",
        "nieodebrane połączenie wideo", "cevapsız görüntülü arama",
    ),
    "voice_call": (
        "voice call", "аудиозвонок", "аудіодзвінок", "sprachanruf", "llamada de voz",
        "chamada de voz", "appel vocal", "chiamata vocale", "spraakoproep", "sesli arama",
    ),
    "video_call": (
        "video call", "видеозвонок", "відеодзвінок", "videoanruf", "videollamada",
        "chamada de vídeo", "videochamada", "appel vidéo", "videochiamata", "görüntülü arama",
    ),
}  # fmt: skip

# «location: https://maps…»
LOCATION: Final = (
    "location", "местоположение", "геопозиция", "місцезнаходження", "розташування", "standort",
    "ubicación", "localização", "localisation", "posizione", "locatie", "lokalizacja", "konum",
)  # fmt: skip
LIVE_LOCATION: Final = (
    "live location shared", "трансляция местоположения", "отправка геоданных",
    "live-standort wird geteilt", "ubicación en tiempo real compartida",
    "localização em tempo real compartilhada", "localisation en direct partagée",
    "posizione in tempo reale condivisa", "live locatie gedeeld",
)  # fmt: skip

# Notices, as pieces of regular expressions; the first kind that is found counts, so that what
# also names a group («messages to this group are secured») stands before the events of groups.
NOTICES: Final[dict[str, tuple[str, ...]]] = {
    "encryption": (
        r"end-to-end", r"сквозн\w+ шифрован", r"наскрізн\w+ шифруван", r"ende-zu-ende",
        r"extremo a extremo", r"ponta a ponta", r"ponto a ponto", r"de bout en bout",
        r"uçtan uca", r"całkowicie szyfrowan",
    ),
    "security_code": (
        r"security code", r"код безопасности", r"код безпеки", r"sicherheitsnummer",
        r"código de (?:seguridad|segurança)", r"code de sécurité", r"codice di sicurezza",
        r"beveiligingscode",
    ),
    "disappearing_messages": (
        r"disappear", r"исчезающ\w+ сообщен", r"таймер сообщений", r"зникн\w+", r"selbstlöschende",
        r"mensajes temporales", r"mensagens temporárias", r"messages éphémères",
        r"messaggi effimeri",
    ),
    "number_changed": (
        r"changed (?:their|to a new|your) (?:phone )?number", r"changed to \+",
        r"(?:изменил|сменил|поменял)\S* (?:сво\S+ )?(?:номер|телефон)", r"новый номер",
        r"змінив\S* номер", r"(?:telefon)?nummer (?:gewechselt|geändert)", r"neue\w* nummer",
        r"cambió (?:su|el) número", r"mudou (?:de|o) número", r"a changé de numéro",
        r"ha cambiato numero",
    ),
    "blocked": (
        r"blocked this (?:contact|business)", r"(?:раз|за)блокировали", r"blockiert",
        r"(?:des)?bloqueaste", r"(?:des)?bloqueou", r"bloqué ce contact",
    ),
    "business_account": (
        r"business account", r"this business", r"secure service from meta", r"бизнес-аккаунт",
        r"unternehmenskonto", r"cuenta de empresa", r"conta comercial", r"compte professionnel",
    ),
    "pinned": (r"pinned a message", r"закрепил", r"angeheftet", r"fijó un mensaje", r"fixou uma"),
    "group_created": (
        r"created (?:this )?group", r"создал\S* (?:эту )?групп", r"створи\w+ груп",
        r"gruppe .*erstellt", r"cre(?:ó|aste) (?:el|este) grupo", r"criou (?:o|este) grupo",
        r"créé (?:le|ce) groupe", r"creato (?:il|questo) gruppo", r"groep .*(?:ge|aan)maakt",
    ),
    "joined": (
        r"joined (?:using|from|via)", r"(?:присоединил|вступил)\S*", r"ist .*beigetreten",
        r"se unió", r"entrou usando", r"a rejoint", r"si è unit[oa]",
    ),
    "removed": (
        r" removed ", r"удалил\S* ", r"удалён из группы", r"видалив ", r"entfernt",
        r"elimin(?:ó|aste) a ", r" removeu ", r"retiré", r"ha rimosso|hai rimosso",
    ),
    "added": (
        r" added ", r" was added", r"were added", r"добав(?:ил|лен)", r"додав", r"hinzugefügt",
        r"(?:añadió|añadiste|agregó|agregaste)", r"adicion(?:ou|ado|ada)", r"ajouté",
        r"aggiunt[oa]", r"toegevoegd",
    ),
    "left": (
        r" left\.?$", r"покинул", r"вышел|вышла", r"залиши\w+ груп", r"gruppe verlassen",
        r"salió\b", r"saiu\b", r"a quitté", r"ha abbandonato", r"heeft .*verlaten",
    ),
    "subject_changed": (
        r"changed the (?:group name|subject|group)", r"(?:изменил|сменил)\S* (?:тему|название)",
        r"gruppennamen|betreff", r"cambi(?:ó|aste) el (?:nombre|asunto)",
        r"mudou o (?:nome|assunto)", r"changé (?:le nom|l.objet|le sujet)",
        r"cambiato (?:il nome|l.oggetto)",
    ),
    "icon_changed": (
        r"(?:this )?group'?s? icon", r"(?:картинк|иконк|фото|изображени)\S* групп", r"gruppenbild",
        r"(?:imagen|ícono|icono) del grupo", r"(?:imagem|ícone) d\w+ grupo", r"icône du groupe",
        r"immagine del gruppo",
    ),
    "group_settings": (
        r"group description", r"group settings|this group's settings", r"описание группы",
        r"настройки группы", r"gruppenbeschreibung", r"descripción del grupo",
        r"descrição do grupo", r"description du groupe", r"descrizione del gruppo",
    ),
    "admin": (r"an admin", r"администратор", r"адміністратор", r" admin\b", r"administrador"),
}  # fmt: skip

# Notices that only groups have.
GROUP_NOTICES: Final = frozenset(
    {
        "group_created", "joined", "removed", "added", "left", "subject_changed", "icon_changed",
        "group_settings", "admin",
    }
)  # fmt: skip

# File names of Android («… with X.txt», also the zip of iOS «WhatsApp Chat - X»), X is captured.
CHAT_FILE_NAMES: Final = (
    r"whatsapp[ _-]chat[ _](?:with|mit|met)[ _](.+)",
    r"whatsapp[ _]chat[ _]?[-–—][ _]?(.+)",
    r"(?:чат[ _]whatsapp|whatsapp[ _]чат)[ _](?:с[ _]контактом|с|со|із|з|[-–—])[ _](.+)",
    r"переписка[ _]в[ _]whatsapp[ _]с[ _](?:контактом[ _])?(.+)",
    r"chat[ _](?:de[ _])?whatsapp[ _](?:con|com|avec|amb)[ _](.+)",
    r"conversa[ _]do[ _]whatsapp[ _]com[ _](.+)",
    r"(?:discussion|conversation)[ _]whatsapp[ _]avec[ _](.+)",
    r"czat[ _]whatsapp[ _]z[ _](.+)",
    r"(.+)[ _]ile[ _]whatsapp[ _]sohbeti",
)
