{{ stage_messages(
    ref('stg_telegram_export__message_versions'), ref('stg_telegram_export__outdated_messages')
) }}
