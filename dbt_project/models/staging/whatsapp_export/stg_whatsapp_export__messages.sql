{{ stage_messages(
    ref('stg_whatsapp_export__message_versions'), ref('stg_whatsapp_export__outdated_messages')
) }}
